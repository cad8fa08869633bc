import CCurl
import FoundationEssentials
import Support

/// The options of every easy handle.
struct EasyOptions {
    var certificateAuthorityFile: String?
    var userAgent: String
    /// Whether the user has named a host, which may then have a private address.
    var isNamedByUser: @Sendable (String) -> Bool

    /// The size of each connection's read buffer, in bytes.
    ///
    /// 64 KiB make a loopback download measurably faster than 16 KiB; larger buffers only cost memory.
    static let bufferSize = 64 << 10

    /// The time in seconds after which the file of authorities is read again for the next connection.
    static let authorityLifetime = 60

    /// The addresses to which a request may be sent.
    ///
    /// A host that the user has named may tell a private address, too; what that one tells in turn isn't trusted.
    func rule(for request: ExchangeRequest) -> PeerRule {
        let hosts = [request.lane.origin, request.address.teller].compactMap(\.self)
        return PeerRule(allowsPrivate: hosts.contains { $0.isLoopback || isNamedByUser($0.bareHost) })
    }

    /// Sets up a new handle for a request; returns the header fields, which the caller frees after the exchange.
    ///
    /// - Parameter longestIdleTime: The time without use after which a connection isn't used again.
    func apply(
        _ request: ExchangeRequest, _ authorization: Authorization?, longestIdleTime: Duration,
        to easy: UnsafeMutableRawPointer
    ) -> UnsafeMutablePointer<curl_slist>? {
        setDestination(request.address.url, isLoopback: request.lane.origin.isLoopback, on: easy)
        setConnection(timeout: request.connectTimeout, on: easy)
        setReuse(of: request, longestIdleTime: longestIdleTime, on: easy)
        easy.set(CURLOPT_USERAGENT, userAgent)
        setAuthorization(authorization, on: easy)
        if request.isProbe { easy.set(CURLOPT_CONNECT_ONLY, 1) }
        setMethod(of: request, on: easy)
        return setHeaders(of: request, authorization, on: easy)
    }

    /// Sets what libcurl makes the field `Authorization` of; other header fields are the caller's.
    private func setAuthorization(_ authorization: Authorization?, on easy: UnsafeMutableRawPointer) {
        switch authorization {
        case nil, .bearer:
            break
        case .basic(let credential), .signed(let credential, _):
            // libcurl sends them as Basic by default.
            easy.set(CURLOPT_USERNAME, credential.username)
            easy.set(CURLOPT_PASSWORD, credential.password)
        case .aws(let signature):
            easy.set(CURLOPT_AWS_SIGV4, "aws:amz:\(signature.region):\(signature.service)")
            easy.set(CURLOPT_USERNAME, signature.accessKey)
            easy.set(CURLOPT_PASSWORD, signature.secretKey)
            // As an option, the field isn't signed: proxies and some stores change it. libcurl then also decodes what
            // it accepts, which stored bytes must be spared.
            easy.set(CURLOPT_ACCEPT_ENCODING, "identity")
            easy.set(CURLOPT_HTTP_CONTENT_DECODING, 0)
        }
    }

    /// Sets the URL; the state machine follows redirects.
    ///
    /// libcurl refuses user information and protocols other than HTTPS (on loopback also HTTP). The path isn't changed,
    /// since a signature covers it.
    private func setDestination(_ url: URL, isLoopback: Bool, on easy: UnsafeMutableRawPointer) {
        easy.set(CURLOPT_URL, url.absoluteString)
        easy.set(CURLOPT_PROTOCOLS_STR, isLoopback ? "http,https" : "https")
        easy.set(CURLOPT_FOLLOWLOCATION, 0)
        easy.set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        easy.set(CURLOPT_PATH_AS_IS, 1)
        // An empty name disables the proxy of the environment.
        if isLoopback { easy.set(CURLOPT_PROXY, "") }
    }

    /// Sets up the connection, without signals, and without waiting for a cancelled name look-up.
    ///
    /// HTTP/1.1, although some servers have HTTP/2: with that, all requests to a host share one connection. If it dies,
    /// they all stall at the same time, and so would their retries; and a lost packet holds up all of them.
    private func setConnection(timeout: Duration, on easy: UnsafeMutableRawPointer) {
        easy.set(CURLOPT_NOSIGNAL, 1)
        easy.set(CURLOPT_QUICK_EXIT, 1)
        easy.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
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
        setAuthorities(on: easy)
    }

    /// Sets whose certificates are trusted, those of proxies included: a file's, and none besides.
    ///
    /// libcurl itself trusts a folder as well as a file, so the folder of the system would stay trusted beside the file
    /// that replaces the system's authorities. And it reads its authorities again for each connection as long as there
    /// is a folder, which takes longer than the rest of a handshake. The folder stays where the system has no file.
    private func setAuthorities(on easy: UnsafeMutableRawPointer) {
        guard let file = certificateAuthorityFile ?? SystemAuthorities.file else { return }
        for option in [CURLOPT_CAINFO, CURLOPT_PROXY_CAINFO] { easy.set(option, file) }
        for option in [CURLOPT_CAPATH, CURLOPT_PROXY_CAPATH] { twiliofs_curl_set_pointer(easy, option, nil) }
        easy.set(CURLOPT_CA_CACHE_TIMEOUT, Self.authorityLifetime)
    }

    /// Sets which connections the request may use besides a new one.
    private func setReuse(
        of request: ExchangeRequest, longestIdleTime: Duration, on easy: UnsafeMutableRawPointer
    ) {
        // libcurl repeats a request by itself on a dead reused connection, but not on a new one.
        let isUnsafe = request.method == .post || request.method == .delete
        if isUnsafe || request.needsNewConnection { easy.set(CURLOPT_FRESH_CONNECT, 1) }
        // 0 would mean that there is no limit.
        easy.set(CURLOPT_MAXAGE_CONN, max(1, Int(longestIdleTime.components.seconds)))
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
            // libcurl copies the body, of the size set before. The added byte isn't sent: without it, the address of an
            // empty body could be nil, which would mean "read from a callback".
            (request.body + [0]).withUnsafeBytes { body in
                let start = UnsafeMutableRawPointer(mutating: body.baseAddress)
                _ = twiliofs_curl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, start)
            }
        case .delete:
            easy.set(CURLOPT_CUSTOMREQUEST, Request.Method.delete.rawValue)
        }
    }

    private func setHeaders(
        of request: ExchangeRequest, _ authorization: Authorization?, on easy: UnsafeMutableRawPointer
    ) -> UnsafeMutablePointer<curl_slist>? {
        var headers = request.fields + (authorization?.headers ?? [])
        if case .aws = authorization { headers.removeAll { $0.0 == "Accept-Encoding" } }
        // Bodies are small, so "Expect: 100-continue" would only cost a round trip.
        if request.method == .post { headers.append(("Expect", "")) }
        var list: UnsafeMutablePointer<curl_slist>?
        for (name, value) in headers {
            // For an empty value libcurl expects a semicolon; a colon suppresses libcurl's own field.
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
    /// Whole milliseconds, rounded up, so that a wait of this length passes its deadline.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        // The attoseconds are less than a second, so their part can't overflow.
        return Int(clamping: seconds).multipliedSaturated(by: 1000)
            .addingSaturated(Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
    }

    /// Whole seconds, rounded up, for messages.
    var wholeSeconds: Int { milliseconds.addingSaturated(999) / 1000 }
}
