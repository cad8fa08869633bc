import Threading
import Transfer
import TwilioAPI

/// Writes a whole file's ciphertext to a temporary file, as it comes.
final class SpoolFetch: DownloadReceiver, @unchecked Sendable {
    // Safe although unchecked: what changes is touched on the transfer thread alone.
    private let file: MediaFile
    let spool: Spool

    /// Bytes written so far.
    private(set) var written: Int64 = 0
    private var failure: MediaError?

    init(file: MediaFile, spool: Spool) {
        self.file = file
        self.spool = spool
    }

    /// The last bytes of what was written.
    func tail(count: Int64) throws(MediaError) -> [UInt8] {
        let range = max(0, written - count)..<written
        do throws(SpoolError) {
            return try spool.bytes(range)
        } catch {
            throw MediaError(.storage, file.sid, error.message, cause: error)
        }
    }

    func downloadDidBegin(_ head: ResponseHead, at offset: Int64) -> Bool {
        // The transfer goes on where it stopped; anything else would leave a hole.
        guard offset == written else {
            failure = MediaError(.transferFailed, file.sid, "the media of \(file.sid) was sent out of order")
            return false
        }
        return true
    }

    func downloadDidReceive(_ bytes: RawSpan) {
        guard failure == nil else { return }
        file.services.counts.withLock { $0.fetchedBytes += Int64(bytes.byteCount) }
        do throws(SpoolError) {
            try spool.write(bytes, at: written)
            written += Int64(bytes.byteCount)
            file.spoolDidGrow(spool, to: written)
        } catch {
            let failure = MediaError(.storage, file.sid, error.message, cause: error)
            self.failure = failure
            // Those who wait are told at once, and the transfer is ended.
            file.spoolDidEnd(spool, .failure(failure))
        }
    }

    func downloadDidEnd(_ result: Result<Void, TransferError>) {
        if let failure {
            file.spoolDidEnd(spool, .failure(failure))
        } else {
            file.spoolDidEnd(spool, result.mapError { file.mediaError($0) })
        }
    }
}
