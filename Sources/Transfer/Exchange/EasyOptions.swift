import CCurl
import FoundationEssentials
import Support

/// What is set on every easy handle.
struct EasyOptions {
    var certificateAuthorityFile: String?
    var userAgent: String

    /// How much libcurl reads from a connection at once, in bytes.
    ///
    /// Every connection has such a buffer. From 16 KiB to this a loopback download becomes measurably faster; larger
    /// ones cost memory and bring nothing.
    static let bufferSize = 64 << 10

    /// Sets a new handle up for a request.
    ///
    /// - Returns: The header fields, which the caller frees when the exchange is over.
    func apply(
        _ request: ExchangeRequest, isLoopback: Bool, to easy: UnsafeMutableRawPointer
    ) -> UnsafeMutablePointer<curl_slist>? {
        setDestination(request.address.url, isLoopback: isLoopback, on: easy)
        setConnection(timeout: request.connectTimeout, on: easy)
        easy.set(CURLOPT_USERAGENT, userAgent)
        if let credentials = request.address.credentials {
            let credential = credentials.credential(method: request.method.rawValue, url: request.address.url)
            // Sent as Basic, which is libcurl's default.
            easy.set(CURLOPT_USERNAME, credential.username)
            easy.set(CURLOPT_PASSWORD, credential.password)
        }
        setMethod(of: request, on: easy)
        return setHeaders(of: request, on: easy)
    }

    /// Redirects are followed by the state machine; no other protocol, no user information, no rewritten paths, which
    /// a signature covers.
    private func setDestination(_ url: URL, isLoopback: Bool, on easy: UnsafeMutableRawPointer) {
        easy.set(CURLOPT_URL, url.absoluteString)
        easy.set(CURLOPT_PROTOCOLS_STR, isLoopback ? "http,https" : "https")
        easy.set(CURLOPT_FOLLOWLOCATION, 0)
        easy.set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        easy.set(CURLOPT_PATH_AS_IS, 1)
        if isLoopback {
            // An empty name means none, whatever the environment says.
            easy.set(CURLOPT_PROXY, "")
        }
    }

    /// Signals are not for libraries; a cancelled look-up of a name must not be waited for.
    private func setConnection(timeout: Duration, on easy: UnsafeMutableRawPointer) {
        easy.set(CURLOPT_NOSIGNAL, 1)
        easy.set(CURLOPT_QUICK_EXIT, 1)
        easy.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        easy.set(CURLOPT_CONNECTTIMEOUT_MS, max(1, timeout.milliseconds))
        easy.set(CURLOPT_BUFFERSIZE, Self.bufferSize)
        easy.set(CURLOPT_TCP_NODELAY, 1)
        easy.set(CURLOPT_TCP_KEEPALIVE, 1)
        easy.set(CURLOPT_TCP_KEEPIDLE, 30)
        easy.set(CURLOPT_TCP_KEEPINTVL, 15)
        easy.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        easy.set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        easy.set(CURLOPT_SSL_VERIFYPEER, 1)
        easy.set(CURLOPT_SSL_VERIFYHOST, 2)
        if let certificateAuthorityFile {
            easy.set(CURLOPT_CAINFO, certificateAuthorityFile)
        }
    }

    private func setMethod(of request: ExchangeRequest, on easy: UnsafeMutableRawPointer) {
        switch request.method {
        case .get:
            easy.set(CURLOPT_HTTPGET, 1)
        case .head:
            easy.set(CURLOPT_NOBODY, 1)
        case .post:
            easy.set(CURLOPT_POST, 1)
            twiliofs_curl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
            request.body.withUnsafeBytes { body in
                // Copied by libcurl, by the size set before. An empty array's address may be nil, which would mean
                // "read from a callback".
                var nothing: UInt8 = 0
                let start = UnsafeMutableRawPointer(mutating: body.baseAddress)
                withUnsafeMutablePointer(to: &nothing) { nothing in
                    _ = twiliofs_curl_set_pointer(
                        easy, CURLOPT_COPYPOSTFIELDS, start ?? UnsafeMutableRawPointer(nothing))
                }
            }
        case .delete:
            easy.set(CURLOPT_CUSTOMREQUEST, Request.Method.delete.rawValue)
        }
        if request.method == .post || request.method == .delete {
            // On a used connection that turns out to be dead libcurl sends the request again by itself, on a new one it
            // doesn't.
            easy.set(CURLOPT_FRESH_CONNECT, 1)
        }
    }

    private func setHeaders(
        of request: ExchangeRequest, on easy: UnsafeMutableRawPointer
    ) -> UnsafeMutablePointer<curl_slist>? {
        // Ranges are of the stored bytes, so no coding on the way.
        var headers = request.headers + [("Accept-Encoding", "identity")]
        if request.method == .post {
            // No "Expect: 100-continue": it costs a round trip and bodies are small.
            headers.append(("Expect", ""))
        }
        if let range = request.range {
            headers.append(("Range", range.fieldValue))
        }
        var list: UnsafeMutablePointer<curl_slist>?
        for (name, value) in headers {
            // Without a value libcurl wants a semicolon to send the field, and a colon not to send its own.
            let line = value.isEmpty ? (name == "Expect" ? "Expect:" : "\(name);") : "\(name): \(value)"
            list = curl_slist_append(list, line) ?? list
        }
        twiliofs_curl_set_list(easy, CURLOPT_HTTPHEADER, list)
        return list
    }
}

extension UnsafeMutableRawPointer {
    /// Sets an option of an easy handle.
    fileprivate func set(_ option: CURLoption, _ value: Int) { twiliofs_curl_set_long(self, option, value) }

    /// Sets an option of an easy handle; libcurl copies the text.
    fileprivate func set(_ option: CURLoption, _ value: String) { twiliofs_curl_set_string(self, option, value) }
}

extension Duration {
    /// Whole milliseconds, rounded up, so that what was awaited has come to pass.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        // The attoseconds are less than a second's, so that their part can't overflow.
        return Int(clamping: seconds).multipliedSaturated(by: 1000)
            .addingSaturated(Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
    }

    /// Whole seconds, rounded up, as they are told.
    var wholeSeconds: Int { milliseconds.addingSaturated(999) / 1000 }
}
