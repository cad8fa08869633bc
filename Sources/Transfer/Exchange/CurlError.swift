import CCurl
import Support

extension TransferError {
    /// Translates a result of libcurl.
    ///
    /// - Parameters:
    ///   - result: Not `CURLE_OK`.
    ///   - detail: libcurl's error text; empty without one. It isn't shown where it may quote the settings.
    ///   - isConnected: Whether the request had its connection.
    ///   - proxyStatus: The status of a proxy's answer to CONNECT; 0 without one.
    ///   - verification: OpenSSL's result for the server's certificate.
    init(
        _ result: CURLcode, detail: String, address: Address, isConnected: Bool, proxyStatus: Int, verification: Int
    ) {
        if !isConnected, let refusal = ProxyRefusal(status: proxyStatus) {
            self.init(
                .cannotConnect, "\(address): \(refusal.reason).", remedy: refusal.remedy,
                details: Code.Details(reason: refusal.reason))
            return
        }
        let code: Code
        switch result {
        // libcurl's results for header lines beyond its limit of 100 KiB, a response other than HTTP, and a
        // first header line that continues another.
        case CURLE_OUT_OF_MEMORY where isConnected, CURLE_UNSUPPORTED_PROTOCOL where isConnected,
            CURLE_BAD_FUNCTION_ARGUMENT where isConnected:
            code = .protocolViolation
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            code = .nameNotResolved
        // libcurl limits only the time to connect; an interrupted handshake often means a restarting server.
        case CURLE_COULDNT_CONNECT, CURLE_OPERATION_TIMEDOUT, CURLE_SSL_CONNECT_ERROR, CURLE_PROXY:
            code = .cannotConnect
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS:
            code = .certificateRefused
        case CURLE_SSL_CACERT_BADFILE, CURLE_FAILED_INIT, CURLE_NOT_BUILT_IN, CURLE_OUT_OF_MEMORY:
            code = .invalidConfiguration
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            code = .invalidAddress
        case CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP_RETURNED_ERROR, CURLE_BAD_CONTENT_ENCODING:
            code = .protocolViolation
        default:
            code = .connectionLost
        }
        if result == CURLE_OUT_OF_MEMORY, isConnected {
            self.init(code, "\(address) sent a header line that is too long.")
            return
        }
        // The text can quote the server: names in its certificate, for instance.
        let mayTell = !detail.isEmpty && !Self.quotesSettings(result) && !Self.quotesAddress(detail)
        let reason = ForeignText(mayTell ? detail : String(cString: curl_easy_strerror(result)))
        let remedy: String? =
            switch result {
            case _ where code == .certificateRefused:
                CertificateFault(verification: verification).remedy
            case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY:
                "Correct HTTPS_PROXY, or name the host in NO_PROXY."
            case CURLE_COULDNT_RESOLVE_HOST:
                Self.nameRemedy
            case CURLE_OPERATION_TIMEDOUT where detail.hasPrefix("Resolving"):
                Self.nameRemedy
            default: nil
            }
        self.init(code, "\(address): \(reason).", remedy: remedy, details: Code.Details(reason: reason))
    }

    /// The remedy for a name that isn't resolved, or not in time.
    private static let nameRemedy = "Check the network and its name server."

    /// Whether a text of libcurl's may contain an address with a password.
    private static func quotesAddress(_ detail: String) -> Bool {
        detail.contains("@") || detail.contains("://")
    }

    /// Whether libcurl's text for a result may quote an address of the settings, such as `HTTPS_PROXY`.
    ///
    /// libcurl doesn't find, and so doesn't hide, the password in an address that it can't parse.
    private static func quotesSettings(_ result: CURLcode) -> Bool {
        switch result {
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY, CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL,
            CURLE_BAD_FUNCTION_ARGUMENT, CURLE_FAILED_INIT, CURLE_NOT_BUILT_IN:
            true
        default: false
        }
    }
}
