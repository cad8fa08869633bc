import FoundationEssentials
import Glibc

extension TransferClient {
    /// What a client trusts and how much it does at a time.
    public struct Configuration: Sendable {
        /// A file of PEM certificates to trust instead of the system's authorities.
        public var certificateAuthorityFile: String?
        /// The setting that names this file, for messages: an option or a variable.
        public var certificateAuthoritySource: String?
        /// What the client calls itself.
        public var userAgent: String
        /// How many connections there are at most, idle ones included.
        public var maximalConnections: Int
        /// How many requests with a credential run at once, at most; fewer when the account refuses them.
        public var maximalConcurrentAccountRequests: Int

        /// Makes a configuration.
        public init(
            certificateAuthorityFile: String? = nil,
            certificateAuthoritySource: String? = nil,
            userAgent: String = "twiliofs",
            maximalConnections: Int = 64,
            maximalConcurrentAccountRequests: Int = 32
        ) {
            self.certificateAuthorityFile = certificateAuthorityFile
            self.certificateAuthoritySource = certificateAuthoritySource
            self.userAgent = userAgent
            self.maximalConnections = maximalConnections
            self.maximalConcurrentAccountRequests = maximalConcurrentAccountRequests
        }

        /// Finds at once what would otherwise fail with every request.
        func check() throws(TransferError) {
            func invalid(_ reason: String) -> TransferError {
                TransferError(.invalidConfiguration, reason)
            }
            guard maximalConnections > 0, maximalConcurrentAccountRequests > 0 else {
                throw invalid("The client must be allowed at least one connection and one request.")
            }
            guard userAgent.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
                throw invalid("The user agent has control characters in it.")
            }
            guard let certificateAuthorityFile else { return }
            let source = certificateAuthoritySource.map { ", named by \($0)," } ?? ""
            let subject = "The certificate authority file \(certificateAuthorityFile)\(source)"
            var status = stat()
            if stat(certificateAuthorityFile, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
                // libcurl reads it for each connection, and would wait for what writes into a pipe.
                throw invalid("\(subject) is not a regular file: name one.")
            }
            guard let contents = FileManager.default.contents(atPath: certificateAuthorityFile) else {
                throw invalid("\(subject) can't be read: check its path and mode.")
            }
            let text = String(decoding: contents, as: UTF8.self)
            guard text.contains("-----BEGIN CERTIFICATE-----") || text.contains("-----BEGIN TRUSTED CERTIFICATE-----")
            else {
                throw invalid("\(subject) holds no certificate in PEM form.")
            }
        }
    }
}
