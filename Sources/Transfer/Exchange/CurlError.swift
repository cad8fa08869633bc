import CCurl
import Support

extension TransferError {
    /// Translates a result of libcurl.
    ///
    /// - Parameters:
    ///   - result: Not `CURLE_OK`.
    ///   - detail: libcurl's error text; empty without one. It isn't shown if it may quote an address or the settings,
    ///     where passwords can be.
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
        if result == CURLE_OUT_OF_MEMORY, isConnected {
            // libcurl's result for a header line beyond its limit of 100 KiB.
            self.init(.protocolViolation, "\(address) sent a header line that is too long.")
            return
        }
        let code: Code
        switch result {
        // libcurl's results for a response other than HTTP, and for a first header line that continues another.
        case CURLE_UNSUPPORTED_PROTOCOL where isConnected, CURLE_BAD_FUNCTION_ARGUMENT where isConnected:
            code = .protocolViolation
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            code = .nameNotResolved
        // libcurl gets a time limit for connecting only; an interrupted handshake often means a restarting server.
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
        let mayQuoteAddress = detail.contains("@") || detail.contains("://")
        let isShown = !detail.isEmpty && !Self.quotesSettings(result) && !mayQuoteAddress
        // The text can quote the server: names in its certificate, for instance.
        let reason = ForeignText(isShown ? detail : String(cString: curl_easy_strerror(result)))
        let remedy: String? =
            switch result {
            case _ where code == .certificateRefused:
                Self.certificateRemedy(verification: verification)
            case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY:
                "Correct HTTPS_PROXY, or name the host in NO_PROXY."
            case CURLE_COULDNT_RESOLVE_HOST,
                CURLE_OPERATION_TIMEDOUT where detail.hasPrefix("Resolving"):
                "Check the network and its name server."
            default: nil
            }
        self.init(code, "\(address): \(reason).", remedy: remedy, details: Code.Details(reason: reason))
    }

    /// The remedy for a refused certificate, by OpenSSL's result (`X509_V_ERR_…`).
    ///
    /// The result is 0 or 1 when only the name is wrong: libcurl compares the name itself, before it asks for the
    /// result.
    static func certificateRemedy(verification: Int) -> String {
        switch verification {
        // Untrusted: no issuer, a self-signed certificate (the server's or one in the chain), an unverifiable first
        // certificate, an untrusted root.
        case 2, 18, 19, 20, 21, 27:
            "If a proxy or an authority of your own has signed it, name its certificate with --ca-file."
        // Not yet valid, expired.
        case 9, 10:
            "Check this machine's clock; if it is right, the server's certificate has to be renewed."
        // Another host's certificate, or another fault.
        default:
            "Check the address and the network: something else may answer for this host."
        }
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
