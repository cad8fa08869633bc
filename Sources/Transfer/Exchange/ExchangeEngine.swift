import CCurl

/// Performs exchanges over libcurl: any number at a time, on one thread, its caller's.
///
/// It knows nothing of repetitions, redirects or ranges; one request has one answer.
final class ExchangeEngine {
    private let multi: MultiHandle
    private let options: EasyOptions
    private var exchanges: [UnsafeMutableRawPointer: Exchange] = [:]
    /// Abandoned from within libcurl's callbacks, where they can't be removed.
    private var abandoned: [Exchange] = []
    private var isPerforming = false

    init(multi: MultiHandle, options: EasyOptions) {
        self.multi = multi
        self.options = options
    }

    deinit {
        for exchange in exchanges.values {
            curl_multi_remove_handle(multi.pointer, exchange.easy)
        }
    }

    /// Begins an exchange, whose events come while `advance` runs.
    func start(_ request: ExchangeRequest, handler: any ExchangeHandler) throws(TransferError) -> Exchange {
        let exchange = try Exchange(request, multi: multi, options: options, handler: handler)
        guard curl_multi_add_handle(multi.pointer, exchange.easy) == CURLM_OK else {
            throw TransferError(.invalidConfiguration, "libcurl refuses another transfer.")
        }
        exchanges[exchange.easy] = exchange
        return exchange
    }

    /// Stops an exchange and closes its connection, unless that is free for others.
    ///
    /// Nothing more is reported of it.
    func abandon(_ exchange: Exchange) {
        exchange.silence()
        if isPerforming {
            abandoned.append(exchange)
        } else {
            remove(exchange)
        }
    }

    /// Lets bytes come again that the exchange's handler has paused.
    ///
    /// libcurl hands over what it has kept before this returns. If that fails it leaves it at the result: the exchange
    /// has to be ended here.
    func resume(_ exchange: Exchange) {
        let result = performing { curl_easy_pause(exchange.easy, CURLPAUSE_CONT) }
        guard result != CURLE_OK, exchanges[exchange.easy] != nil else { return }
        remove(exchange)
        exchange.finish(result)
    }

    /// Does what can be done without waiting, and reports what happened.
    func advance() {
        performing {
            var running: Int32 = 0
            curl_multi_perform(multi.pointer, &running)
        }
        var remaining: Int32 = 0
        while let message = curl_multi_info_read(multi.pointer, &remaining) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle,
                let exchange = exchanges[easy]
            else { continue }
            // The message is gone once the handle is removed.
            let result = message.pointee.data.result
            remove(exchange)
            exchange.finish(result)
        }
    }

    /// Waits until something can be done, somebody calls `MultiHandle.wakeUp`, or the time is over.
    func wait(milliseconds: Int) {
        curl_multi_poll(multi.pointer, nil, 0, Int32(clamping: milliseconds), nil)
    }

    /// Runs what calls handlers, and removes what they have abandoned.
    private func performing<Result>(_ body: () -> Result) -> Result {
        isPerforming = true
        let result = body()
        isPerforming = false
        abandoned.forEach(remove)
        abandoned.removeAll()
        return result
    }

    private func remove(_ exchange: Exchange) {
        guard exchanges.removeValue(forKey: exchange.easy) != nil else { return }
        curl_multi_remove_handle(multi.pointer, exchange.easy)
    }
}
