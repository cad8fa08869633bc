import CCurl
import Glibc
import Support

/// Receives the events of an exchange on the transfer thread, during `ExchangeEngine.advance`.
protocol ExchangeHandler: AnyObject {
    /// The exchange has its connection, new or reused.
    func exchangeDidConnect()
    /// The response has begun; returns whether to go on.
    func exchangeDidReceiveHead(_ head: ResponseHead) -> Bool
    /// Bytes of the body have arrived, valid during the call; returns whether to go on: false if no more are needed.
    func exchangeDidReceive(_ bytes: RawSpan) -> Bool
    /// The exchange has ended; not called after `ExchangeEngine.abandon`.
    func exchangeDidEnd(_ result: Result<Void, TransferError>)
}

/// One request and its response, performed by libcurl; owned by `ExchangeEngine` and used on its thread only.
///
/// Each exchange has a new easy handle. libcurl 7.88 keeps a pointer to the last header line of a handle's previous
/// request and writes through it when the next response begins with a continued line (curl issue 11101), so any server
/// could damage the heap. A new handle costs little: the multi handle keeps connections, the share keeps TLS sessions
/// and host addresses.
final class Exchange {
    let easy: UnsafeMutableRawPointer
    let address: Address
    /// Receives the events; nil once the exchange is abandoned.
    weak var handler: (any ExchangeHandler)?
    private var parser = HeadParser()
    private var headers: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>
    /// Keeps alive the share to which the easy handle refers.
    private let multi: MultiHandle
    private let rule: PeerRule
    private var isConnected = false
    /// The error for which a callback stopped libcurl.
    private var ownError: TransferError?
    /// The refusal of an address of the host, as long as none was allowed: libcurl then has nothing to say.
    ///
    /// Addresses are tried in any order and beside each other, so one that was allowed counts whenever it was.
    private var refusal: TransferError?
    private var hasAllowedAddress = false

    /// Makes an easy handle and sets it up for a request; see ``EasyOptions/apply(_:_:longestIdleTime:to:)``.
    init(
        _ request: ExchangeRequest, _ authorization: Authorization?, longestIdleTime: Duration, multi: MultiHandle,
        options: EasyOptions, handler: any ExchangeHandler
    ) throws(TransferError) {
        rule = options.rule(for: request)
        if let fault = authorization?.fault ?? rule.fault(ofHostOf: request.address) { throw fault }
        guard let easy = curl_easy_init() else {
            throw TransferError(.invalidConfiguration, "There is not enough memory for a connection.")
        }
        self.easy = easy
        self.multi = multi
        address = request.address
        self.handler = handler
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        headers = options.apply(request, authorization, longestIdleTime: longestIdleTime, to: easy)
        twiliofs_curl_set_pointer(easy, CURLOPT_SHARE, multi.share.pointer)

        // The reference is unretained: the engine keeps this object while the handle is in the multi handle.
        let context = Unmanaged.passUnretained(self).toOpaque()
        twiliofs_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
        twiliofs_curl_set_data_function(easy, CURLOPT_HEADERFUNCTION, takeHeaderLine)
        twiliofs_curl_set_pointer(easy, CURLOPT_HEADERDATA, context)
        twiliofs_curl_set_data_function(easy, CURLOPT_WRITEFUNCTION, takeBody)
        twiliofs_curl_set_pointer(easy, CURLOPT_WRITEDATA, context)
        twiliofs_curl_set_socket_function(easy, openSocket)
        twiliofs_curl_set_pointer(easy, CURLOPT_OPENSOCKETDATA, context)
        twiliofs_curl_set_prerequest_function(easy, connectionIsReady)
        twiliofs_curl_set_pointer(easy, CURLOPT_PREREQDATA, context)
    }

    deinit {
        curl_easy_cleanup(easy)
        // They may hold a credential. What libcurl itself copied is freed as it is.
        var field = headers
        while let line = field?.pointee.data {
            explicit_bzero(line, strlen(line))
            field = field?.pointee.next
        }
        curl_slist_free_all(headers)
        errorText.deallocate()
    }

    /// Reports the end.
    func finish(_ result: CURLcode) {
        guard let handler else { return }
        if result == CURLE_OK {
            handler.exchangeDidEnd(.success(()))
        } else {
            let error = TransferError(
                result, detail: String(cString: errorText), address: address, isConnected: isConnected,
                proxyStatus: number(CURLINFO_HTTP_CONNECTCODE), verification: number(CURLINFO_SSL_VERIFYRESULT))
            handler.exchangeDidEnd(.failure(ownError ?? (hasAllowedAddress ? nil : refusal) ?? error))
        }
    }

    /// A number that libcurl knows about the exchange, else 0.
    private func number(_ information: CURLINFO) -> Int {
        var value = 0
        return twiliofs_curl_get_long(easy, information, &value) == CURLE_OK ? value : 0
    }

    /// Whether to connect to an address of the host; libcurl tries the host's other addresses after a refusal.
    func mayConnect(to peer: PeerAddress?, port: UInt16) -> Bool {
        guard let peer else { return false }
        guard let fault = rule.fault(of: peer, port: port, for: address) else {
            hasAllowedAddress = true
            return true
        }
        refusal = fault
        return false
    }

    /// Whether to use the connection, which may have been made for another request.
    fileprivate func connected(to peer: PeerAddress?, port: UInt16) -> Bool {
        guard let peer else { return false }
        if let fault = rule.fault(of: peer, port: port, for: address) {
            ownError = fault
            return false
        }
        isConnected = true
        handler?.exchangeDidConnect()
        return true
    }

    fileprivate func take(headerLine line: UnsafeRawBufferPointer) -> Bool {
        switch parser.take(line) {
        case .more:
            return handler != nil
        case .malformed(let reason):
            ownError = TransferError(.protocolViolation, "\(address) \(reason).")
            return false
        case .complete(let status, let fields):
            let head = ResponseHead(status: status, headers: fields, address: address)
            if let fault = head.fault {
                ownError = TransferError(.protocolViolation, "\(address) \(fault).")
                return false
            }
            return handler?.exchangeDidReceiveHead(head) ?? false
        }
    }
}

// libcurl calls these on the transfer thread with the context set above.

private func exchange(_ context: UnsafeMutableRawPointer) -> Exchange {
    Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
}

private func takeHeaderLine(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let bytes, let context else { return 0 }
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return exchange(context).take(headerLine: line) ? line.count : -1
}

private func takeBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let bytes, let context else { return 0 }
    let body = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return exchange(context).handler?.exchangeDidReceive(body.bytes) == true ? body.count : -1
}

private func connectionIsReady(
    _ context: UnsafeMutableRawPointer?, _ peer: UnsafeMutablePointer<CChar>?, _ local: UnsafeMutablePointer<CChar>?,
    _ peerPort: Int32, _ localPort: Int32
) -> Int32 {
    guard let context, let peer, let port = UInt16(exactly: peerPort) else { return CURL_PREREQFUNC_ABORT }
    let isUsed = exchange(context).connected(to: PeerAddress(String(cString: peer)), port: port)
    return isUsed ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

private func openSocket(
    _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ target: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let context, let target else { return CURL_SOCKET_BAD }
    let length = Int(min(target.pointee.addrlen, UInt32(MemoryLayout<sockaddr_storage>.size)))
    let isAllowed = withUnsafePointer(to: &target.pointee.addr) { address in
        exchange(context).mayConnect(to: PeerAddress(address, length: length), port: PeerAddress.port(of: address))
    }
    guard isAllowed else { return CURL_SOCKET_BAD }
    let kind = target.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
    return socket(target.pointee.family, kind, target.pointee.protocol)
}
