import FoundationEssentials
import Glibc

extension TransferClient {
    /// The trust settings and limits of a client.
    public struct Configuration: Sendable {
        /// A file of PEM certificates that replaces the system's authorities.
        public var certificateAuthorityFile: String?
        /// The option or variable that names this file, for messages.
        public var certificateAuthoritySource: String?
        /// The `User-Agent` field.
        public var userAgent: String
        /// The largest number of connections, idle ones included.
        public var maximalConnections: Int
        /// The largest number of concurrent requests with a credential, lowered by the account's refusals.
        public var maximalConcurrentAccountRequests: Int
        /// Whether the user has named a host, in small letters: only such a host may have a private address.
        ///
        /// Without, hosts at private addresses are refused, except this machine by its own names.
        public var isNamedByUser: @Sendable (_ host: String) -> Bool = { _ in false }
        /// The time without progress after which a transfer fails; see ``Patience/giveUp``.
        public var timeout = Patience.standard.giveUp

        /// Makes a configuration.
        public init(
            certificateAuthorityFile: String? = nil, certificateAuthoritySource: String? = nil,
            userAgent: String = "twiliofs", maximalConnections: Int = 64, maximalConcurrentAccountRequests: Int = 32
        ) {
            self.certificateAuthorityFile = certificateAuthorityFile
            self.certificateAuthoritySource = certificateAuthoritySource
            self.userAgent = userAgent
            self.maximalConnections = maximalConnections
            self.maximalConcurrentAccountRequests = maximalConcurrentAccountRequests
        }

        /// Reports at once the faults that would fail every request.
        func check() throws(TransferError) {
            func invalid(_ reason: String) -> TransferError { TransferError(.invalidConfiguration, reason) }
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
                // libcurl reads the file again and again, and would wait for the writer of a pipe.
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
