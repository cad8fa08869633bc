import FoundationEssentials

extension TransferClient {
    /// What a client trusts and how much it does at a time.
    public struct Configuration: Sendable {
        /// A file of PEM certificates to trust instead of the system's authorities.
        public var certificateAuthorityFile: String?
        /// What the client calls itself.
        public var userAgent: String
        /// How many connections there are at most, idle ones included.
        public var maximalConnections: Int
        /// How many requests with a credential run at once, at most; fewer when the account refuses them.
        public var maximalConcurrentAccountRequests: Int

        /// Makes a configuration.
        public init(
            certificateAuthorityFile: String? = nil,
            userAgent: String = "twiliofs",
            maximalConnections: Int = 64,
            maximalConcurrentAccountRequests: Int = 32
        ) {
            self.certificateAuthorityFile = certificateAuthorityFile
            self.userAgent = userAgent
            self.maximalConnections = maximalConnections
            self.maximalConcurrentAccountRequests = maximalConcurrentAccountRequests
        }

        /// Finds at once what would otherwise fail with every request.
        func check() throws(TransferError) {
            func invalid(_ reason: String) -> TransferError {
                TransferError(code: .invalidConfiguration, message: reason)
            }
            guard maximalConnections > 0, maximalConcurrentAccountRequests > 0 else {
                throw invalid("The client must be allowed at least one connection and one request.")
            }
            guard userAgent.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
                throw invalid("The user agent has control characters in it.")
            }
            guard let certificateAuthorityFile else { return }
            guard let contents = FileManager.default.contents(atPath: certificateAuthorityFile) else {
                throw invalid(
                    "The certificate authority file \(certificateAuthorityFile) can't be read: check its path and mode."
                )
            }
            let text = String(decoding: contents, as: UTF8.self)
            guard text.contains("-----BEGIN CERTIFICATE-----") || text.contains("-----BEGIN TRUSTED CERTIFICATE-----")
            else {
                throw invalid(
                    "The certificate authority file \(certificateAuthorityFile) holds no certificate in PEM form.")
            }
        }
    }
}
