import Metrics
import Support
import Synchronization

/// The metrics of a library.
///
/// Every read updates them, so they take no lock: the gauges are atomics. Verdicts and errors are rare: their counters
/// are looked up in dictionaries.
final class MediaMetrics: Sendable {
    /// The result of comparing a whole file with its tag.
    enum Verdict: String, CaseIterable {
        /// The tag agreed.
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

    /// Reads that have begun and not ended.
    var waitingReads: Int { reads.load(ordering: .relaxed) }

    /// Descriptions that are under way.
    var runningDescriptions: Int { openDescriptions.load(ordering: .relaxed) }

    /// Counts ciphertext from the network, for readers, read-ahead and descriptions.
    func fetched(byteCount: Int) {
        fetchedBytes.increment(by: byteCount)
    }

    /// Counts ciphertext from the disk cache.
    func readFromDiskCache(byteCount: Int) {
        diskCacheBytes.increment(by: byteCount)
    }

    /// Counts a read until it ends.
    func readBegan() {
        reads.wrappingAdd(1, ordering: .relaxed)
    }

    /// Counts the plaintext that a reader is given.
    func readEnded(byteCount: Int) {
        reads.wrappingSubtract(1, ordering: .relaxed)
        servedBytes.increment(by: byteCount)
    }

    /// Counts the error that a reader gets.
    func readFailed(_ error: MediaError) {
        reads.wrappingSubtract(1, ordering: .relaxed)
        countError(error)
    }

    /// Counts a description until it ends.
    func descriptionBegan() {
        openDescriptions.wrappingAdd(1, ordering: .relaxed)
    }

    /// Counts the result of a description.
    func descriptionEnded(_ result: Result<MediaFacts, MediaError>) {
        openDescriptions.wrappingSubtract(1, ordering: .relaxed)
        switch result {
        case .success: descriptions.increment()
        case .failure: failedDescriptions.increment()
        }
    }

    /// Counts a verdict.
    func count(_ verdict: Verdict) {
        verdicts[verdict]?.increment()
    }

    /// Counts an error of a description, an opening or a read that somebody waited for.
    func countError(_ error: MediaError) {
        errors[error.code]?.increment()
    }

    /// Measures a fetch of blocks, or of a whole stream, that has brought bytes.
    func fetchEnded(byteCount: Int64, duration: Duration) {
        fetchSize.record(byteCount)
        fetchDuration.record(duration: duration)
    }
}

/// Counts what a read ends with, and hands it on.
struct CountingReceiver: ReadReceiver {
    private let receiver: any ReadReceiver
    private let metrics: MediaMetrics

    /// A read has begun, whose end this is to be told.
    init(_ receiver: any ReadReceiver, metrics: MediaMetrics) {
        self.receiver = receiver
        self.metrics = metrics
        metrics.readBegan()
    }

    func readDidFinish(_ plaintext: RawSpan) {
        metrics.readEnded(byteCount: plaintext.byteCount)
        receiver.readDidFinish(plaintext)
    }

    func readDidFail(_ error: MediaError) {
        metrics.readFailed(error)
        receiver.readDidFail(error)
    }
}
