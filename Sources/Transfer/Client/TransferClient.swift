public import Logging
public import Metrics
public import Support

/// Performs HTTP requests and downloads within the account's limits.
///
/// It retries failures, resumes broken downloads and follows redirects.
///
/// The client posts commands to a `TransferLoop` on a thread of its own. Each transfer has a `TransferStateMachine`,
/// which decides and performs no I/O. An `AdmissionQueue` with a `RequestLimiter` orders the exchanges, and an
/// `ExchangeEngine` performs each on libcurl's multi interface. Bytes go from libcurl's buffer to the receiver without
/// a copy.
public final class TransferClient: Sendable {
    private let mailbox: Mailbox
    private let thread: NamedThread
    private let isFinished: Condition<Bool>
    private let counts: TransferCounts
    private let timeout: Duration

    /// Starts a client and its thread.
    ///
    /// - Parameters:
    ///   - configuration: The trust settings and the limits.
    ///   - metrics: Makes the counters and timers.
    ///   - logger: Logs retries and failures, with addresses without their query.
    /// - Throws: `invalidConfiguration` if the certificate authorities can't be read, or no thread can be started.
    public init(
        _ configuration: Configuration, metrics: any MetricsFactory = NOOPMetricsHandler.instance, logger: Logger
    ) throws(TransferError) {
        try configuration.check()
        let multi = try MultiHandle(maximalConnections: configuration.maximalConnections)
        let mailbox = Mailbox(waking: multi)
        let isFinished = Condition(false)
        let counts = TransferCounts(
            limiter: RequestLimiter(maximum: configuration.maximalConcurrentAccountRequests))
        self.mailbox = mailbox
        timeout = configuration.timeout
        self.counts = counts
        self.isFinished = isFinished
        do throws(SystemError) {
            thread = try NamedThread(name: "transfer") {
                TransferLoop(
                    configuration, multi: multi, mailbox: mailbox, counts: counts, metrics: TransferMetrics(metrics),
                    logger: logger
                ).run()
                isFinished.change { $0 = true }
            }
        } catch {
            throw TransferError(.invalidConfiguration, "The transfer thread could not be started.", cause: error)
        }
    }

    deinit { shutDown() }

    /// Downloads a resource, or a range of it, and delivers its bytes as they arrive.
    ///
    /// - Parameters:
    ///   - source: Provides the address.
    ///   - receiver: Receives the bytes; kept until the end. After `shutDown` the calling thread reports the end to it,
    ///     before this returns.
    /// - Returns: A handle to cancel or hasten the download.
    @discardableResult
    public func download(
        _ request: DownloadRequest, from source: any AddressSource, to receiver: any DownloadReceiver
    ) -> TransferTask {
        begin(
            TransferPlan(request, relocation: (source as? any RelocatingSource)?.relocation), address: nil,
            source: source, receiver: receiver)
    }

    /// Sends a request and collects the response.
    ///
    /// - Parameter completion: Receives the response (status 2xx, or 3xx if redirects are reported) or the error.
    ///   Called exactly once, on the transfer thread, and must be quick. After `shutDown` it is called on the calling
    ///   thread, before this returns.
    /// - Returns: A handle to cancel the request.
    @discardableResult
    public func send(
        _ request: Request, completion: @escaping @Sendable (Result<Response, TransferError>) -> Void
    ) -> TransferTask {
        begin(
            TransferPlan(request), address: request.address, source: nil,
            receiver: ResponseCollector(completion: completion))
    }

    /// Sends a request and waits for the response until the end of patience.
    ///
    /// Blocks the calling thread, which must not be a thread of Swift's pool. On the transfer thread it fails at once.
    public func sendAndWait(_ request: Request) throws(TransferError) -> Response {
        guard !mailbox.isCurrentThread else {
            throw TransferError(.invalidConfiguration, "The transfer thread can't wait for its own transfers.")
        }
        let outcome = Condition<Result<Response, TransferError>?>(nil)
        send(request) { result in outcome.change { $0 = result } }
        return try outcome.waitWithoutEnd { $0 }.get()
    }

    /// The client's activity; takes a lock, and is available at any time.
    public var statistics: Statistics { counts.statistics(now: SuspendingClock.now) }

    /// Cancels every transfer (its receiver gets `cancelled`) and ends the thread.
    ///
    /// Returns when that is done, also when called again or by several threads. Called by a receiver, it returns at
    /// once, and the thread ends soon after.
    public func shutDown() {
        mailbox.post(.stop)
        guard !mailbox.isCurrentThread else { return }
        isFinished.waitUntil { $0 }
        thread.join()
    }

    private func begin(
        _ plan: TransferPlan, address: Address?, source: (any AddressSource)?, receiver: any DownloadReceiver
    ) -> TransferTask {
        let identifier = mailbox.newIdentifier()
        var plan = plan
        plan.patience = plan.patience.limited(to: timeout)
        if !mailbox.post(.begin(identifier, plan, address, source, receiver)) {
            receiver.downloadDidEnd(.failure(.cancelled))
        }
        return TransferTask(identifier, mailbox)
    }
}
