import Metrics
import Support
import Synchronization

/// The metrics of a library.
///
/// Every read updates them, so they take no lock, and the gauges are atomics. Verdicts and errors are rare, so
/// dictionaries hold their counters.
final class MediaMetrics: Sendable {
    /// The result of comparing a whole file with its tag.
    enum Verdict: String, CaseIterable {
        case verified

        /// The tag disagreed at first, so the file is fetched once more.
        case doubted

        /// The tag disagreed again, so the file counts as bad.
        case failed
    }

    private let fetchedBytes: Counter
    private let diskCacheBytes: Counter
    private let servedBytes: Counter
    private let descriptions: Counter
    private let failedDescriptions: Counter
    private let verdicts: [Verdict: Counter]
    private let errors: [MediaErrorCode: Counter]
    private let fetchDuration: Timer
    private let fetchSize: Recorder
    private let reads = Atomic(0)
    private let openDescriptions = Atomic(0)

    init(_ factory: any MetricsFactory) {
        func counter(_ name: String, _ labels: (String, String)...) -> Counter {
            Counter(label: name, dimensions: labels, factory: factory)
        }
        fetchedBytes = counter("fetched_bytes_total")
        diskCacheBytes = counter("disk_cache_read_bytes_total")
        servedBytes = counter("served_bytes_total")
        descriptions = counter("probes_total", ("result", "learnt"))
        failedDescriptions = counter("probes_total", ("result", "failed"))
        verdicts = Dictionary(
            uniqueKeysWithValues: Verdict.allCases.map { ($0, counter("verdicts_total", ("verdict", $0.rawValue))) })
        errors = Dictionary(
            uniqueKeysWithValues: MediaErrorCode.allCases.map {
                ($0, counter("media_errors_total", ("kind", $0.rawValue)))
            })
        fetchDuration = Timer(label: "fetch_duration_seconds", factory: factory)
        fetchSize = Recorder(label: "fetch_size_bytes", factory: factory)
    }

    var waitingReads: Int { reads.load(ordering: .relaxed) }
    var runningDescriptions: Int { openDescriptions.load(ordering: .relaxed) }

    /// Counts ciphertext from the network, for readers, read-ahead and descriptions.
    func fetched(byteCount: Int) { fetchedBytes.increment(by: byteCount) }

    func readFromDiskCache(byteCount: Int) { diskCacheBytes.increment(by: byteCount) }

    /// Counts a read until it ends.
    func readBegan() { reads.wrappingAdd(1, ordering: .relaxed) }

    /// Ends a read; counts the plaintext that its reader gets.
    func readEnded(byteCount: Int) {
        reads.wrappingSubtract(1, ordering: .relaxed)
        servedBytes.increment(by: byteCount)
    }

    /// Ends a read; counts the error that its reader gets.
    func readFailed(_ error: MediaError) {
        reads.wrappingSubtract(1, ordering: .relaxed)
        countError(error)
    }

    /// Counts a description until it ends.
    func descriptionBegan() { openDescriptions.wrappingAdd(1, ordering: .relaxed) }

    /// Ends a description; counts its result.
    func descriptionEnded(_ result: Result<MediaFacts, MediaError>) {
        openDescriptions.wrappingSubtract(1, ordering: .relaxed)
        switch result {
        case .success: descriptions.increment()
        case .failure: failedDescriptions.increment()
        }
    }

    func count(_ verdict: Verdict) { verdicts[verdict]?.increment() }

    /// Counts an error of a description, an opening or a read that a program waited for.
    func countError(_ error: MediaError) { errors[error.code]?.increment() }

    /// Measures a fetch of blocks, or of a whole stream, that has brought bytes.
    func fetchEnded(byteCount: Int64, duration: Duration) {
        fetchSize.record(byteCount)
        fetchDuration.record(duration: duration)
    }
}

/// Counts the end of a read that was counted as begun, and hands on its result.
struct CountingReceiver: ReadReceiver {
    let receiver: any ReadReceiver
    let metrics: MediaMetrics

    func readDidFinish(_ plaintext: RawSpan) {
        metrics.readEnded(byteCount: plaintext.byteCount)
        receiver.readDidFinish(plaintext)
    }

    func readDidFail(_ error: MediaError) {
        metrics.readFailed(error)
        receiver.readDidFail(error)
    }
}
