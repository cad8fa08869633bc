import Support
import Transfer

/// A receiver that keeps everything it is told, and complains when it is told what it must not be.
final class Recorder: DownloadReceiver {
    struct Record: Sendable {
        var offsets: [Int64] = []
        var heads: [ResponseHead] = []
        var bytes: [UInt8] = []
        var results: [Result<Void, TransferError>] = []
        /// Calls that break the protocol.
        var violations: [String] = []

        var result: Result<Void, TransferError>? { results.first }
        var error: TransferError? {
            if case .failure(let error)? = result { error } else { nil }
        }
        var isSuccess: Bool {
            if case .success? = result { results.count == 1 && violations.isEmpty } else { false }
        }
    }

    private let record = Condition(Record())
    private let onBegin: @Sendable (Int) -> Bool
    private let onReceive: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - onBegin: given how often it has begun; returns whether to go on.
    ///   - onReceive: given how many bytes there are by now.
    init(
        onBegin: @escaping @Sendable (Int) -> Bool = { _ in true },
        onReceive: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.onBegin = onBegin
        self.onReceive = onReceive
    }

    func downloadDidBegin(_ head: ResponseHead, at offset: Int64) -> Bool {
        let count = record.change { record -> Int in
            if !record.results.isEmpty { record.violations.append("begin after the end") }
            if let first = record.offsets.first, !record.bytes.isEmpty, offset != first + Int64(record.bytes.count) {
                record.violations.append("goes on at \(offset) after \(record.bytes.count) bytes from \(first)")
            }
            if record.bytes.isEmpty { record.offsets = [] }
            record.offsets.append(offset)
            record.heads.append(head)
            return record.heads.count
        }
        return onBegin(count)
    }

    func downloadDidReceive(_ bytes: RawSpan) {
        let copy = bytes.withUnsafeBytes { Array($0) }
        let count = record.change { record -> Int in
            if record.heads.isEmpty || !record.results.isEmpty { record.violations.append("bytes out of place") }
            if copy.isEmpty { record.violations.append("no bytes at all") }
            record.bytes += copy
            return record.bytes.count
        }
        onReceive(count)
    }

    func downloadDidEnd(_ result: Result<Void, TransferError>) {
        record.change { record in
            if !record.results.isEmpty { record.violations.append("a second end") }
            record.results.append(result)
        }
    }

    /// What it has been told so far.
    var soFar: Record { record.change { $0 } }

    /// Waits for the end and returns everything.
    func wait(timeout: Duration = .seconds(20)) -> Record {
        record.wait(timeout: timeout) { $0.results.isEmpty ? nil : $0 } ?? soFar
    }

    /// Waits until so many bytes have come.
    ///
    /// Returns whether they have.
    func wait(forBytes count: Int) -> Bool {
        record.waitUntil(timeout: .seconds(10)) { $0.bytes.count >= count }
    }
}

/// A source of addresses that hands over the given ones, one after the other, and keeps what it was told was refused.
final class ListedAddresses: AddressSource {
    struct Exhausted: Error {}

    private let state: Locked<(remaining: [Address], refused: [Address?])>

    init(_ addresses: [Address]) {
        state = Locked((addresses, []))
    }

    var refused: [Address?] { state.withLock { $0.refused } }

    func address(
        replacing refused: Address?, priority: Priority,
        completion: @escaping @Sendable (Result<Address, any Error>) -> Void
    ) {
        let next = state.withLock { state -> Address? in
            state.refused.append(refused)
            return state.remaining.isEmpty ? nil : state.remaining.removeFirst()
        }
        completion(next.map { .success($0) } ?? .failure(Exhausted()))
    }
}
