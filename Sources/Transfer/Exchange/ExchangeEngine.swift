import CCurl

/// Performs any number of concurrent exchanges over libcurl on its caller's thread.
///
/// It doesn't retry, redirect or split: one request has one response.
final class ExchangeEngine {
    private let multi: MultiHandle
    private let options: EasyOptions
    private var exchanges: [UnsafeMutableRawPointer: Exchange] = [:]
    /// Exchanges abandoned within libcurl's callbacks, where they can't be removed.
    private var abandoned: [Exchange] = []
    private var isPerforming = false
    /// The time at which a connection last turned out to be dead.
    private var foundDead: SuspendingClock.Instant?

    /// The time without use after which a connection isn't used again; libcurl's own limit.
    private static let longestIdleTime = Duration.seconds(118)

    init(multi: MultiHandle, options: EasyOptions) {
        self.multi = multi
        self.options = options
    }

    deinit {
        for exchange in exchanges.values { curl_multi_remove_handle(multi.pointer, exchange.easy) }
    }

    /// Starts an exchange, whose events are reported by `advance`.
    func start(
        _ request: ExchangeRequest, _ authorization: Authorization?, handler: any ExchangeHandler
    ) throws(TransferError) -> Exchange {
        let exchange = try Exchange(
            request, authorization, longestIdleTime: longestIdleTime, multi: multi, options: options, handler: handler)
        guard curl_multi_add_handle(multi.pointer, exchange.easy) == CURLM_OK else {
            throw TransferError(.invalidConfiguration, "libcurl refuses another transfer.")
        }
        exchanges[exchange.easy] = exchange
        return exchange
    }

    /// Notes that a connection is dead, as are probably all that haven't been used since: those kept for further
    /// requests aren't used again.
    ///
    /// When the network changes, or a router forgets its connections, each of them would cost a reader the time after
    /// which a connection counts as dead.
    func connectionIsDead() { foundDead = .now }

    private var longestIdleTime: Duration {
        foundDead.map { min(Self.longestIdleTime, $0.duration(to: .now)) } ?? Self.longestIdleTime
    }

    /// Stops an exchange without a report; closes its connection unless another exchange can use it.
    func abandon(_ exchange: Exchange) {
        exchange.handler = nil
        if isPerforming { abandoned.append(exchange) } else { remove(exchange) }
    }

    /// Does all work possible without waiting, and reports events.
    func advance() {
        perform()
        var remaining: Int32 = 0
        while let message = curl_multi_info_read(multi.pointer, &remaining) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle,
                let exchange = exchanges[easy]
            else { continue }
            // Removing the handle invalidates the message.
            let result = message.pointee.data.result
            remove(exchange)
            exchange.finish(result)
        }
    }

    /// Waits for work, for `MultiHandle.wakeUp` or until the time is over.
    func wait(milliseconds: Int) {
        curl_multi_poll(multi.pointer, nil, 0, Int32(clamping: milliseconds), nil)
    }

    /// Has libcurl call handlers, then removes the exchanges that they have abandoned.
    private func perform() {
        isPerforming = true
        var running: Int32 = 0
        curl_multi_perform(multi.pointer, &running)
        isPerforming = false
        abandoned.forEach(remove)
        abandoned.removeAll()
    }

    private func remove(_ exchange: Exchange) {
        guard exchanges.removeValue(forKey: exchange.easy) != nil else { return }
        curl_multi_remove_handle(multi.pointer, exchange.easy)
    }
}
