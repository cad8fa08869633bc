import CCurl
import Glibc

/// Owns libcurl's multi handle: the connections, and the transfers that use them.
final class MultiHandle: @unchecked Sendable {
    // Safe although unchecked: the pointer never changes; `wakeUp` is libcurl's one function for other threads, and
    // everything else is used by the transfer thread alone.
    let pointer: UnsafeMutableRawPointer
    /// What the transfers have in common besides the connections.
    let share: ShareHandle

    /// Makes one that keeps at most so many connections.
    init(maximalConnections: Int) throws(TransferError) {
        guard CurlLibrary.isReady, let share = ShareHandle(), let pointer = curl_multi_init() else {
            throw TransferError(.invalidConfiguration, "libcurl could not be initialised.")
        }
        self.pointer = pointer
        self.share = share
        let connections = max(1, maximalConnections)
        // Running exchanges are bounded by our queue; this bounds running and idle connections together.
        twiliofs_curl_multi_set_long(pointer, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections)
        twiliofs_curl_multi_set_long(pointer, CURLMOPT_MAXCONNECTS, connections)
    }

    deinit {
        curl_multi_cleanup(pointer)
    }

    /// Ends the transfer thread's waiting.
    ///
    /// From any thread.
    func wakeUp() {
        curl_multi_wakeup(pointer)
    }
}

/// libcurl as a whole.
enum CurlLibrary {
    /// Whether it could be initialised, which this does, once in the process, the first time it is read.
    ///
    /// Here libcurl reads `SSLKEYLOGFILE`, and would write the keys of all connections to the file that it names. The
    /// command has removed it before there were threads; for others that is done here.
    static let isReady: Bool = {
        if getenv("SSLKEYLOGFILE") != nil { unsetenv("SSLKEYLOGFILE") }
        return twiliofs_curl_global_init() == CURLE_OK
    }()
}
