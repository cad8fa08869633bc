import CCurl
import Glibc

/// Owns libcurl's multi handle: its connections and the transfers that use them.
final class MultiHandle: @unchecked Sendable {
    // Safe although unchecked: the pointer is constant; other threads call `wakeUp` only, which libcurl allows.
    let pointer: UnsafeMutableRawPointer
    /// The data that the transfers share besides connections.
    let share: ShareHandle

    /// Makes a handle with at most this many connections.
    init(maximalConnections: Int) throws(TransferError) {
        guard Self.isLibraryReady, let share = ShareHandle(), let pointer = curl_multi_init() else {
            throw TransferError(.invalidConfiguration, "libcurl could not be initialised.")
        }
        self.pointer = pointer
        self.share = share
        let connections = max(1, maximalConnections)
        // The queue limits running exchanges; this limits running and idle connections together.
        twiliofs_curl_multi_set_long(pointer, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections)
        twiliofs_curl_multi_set_long(pointer, CURLMOPT_MAXCONNECTS, connections)
    }

    deinit { curl_multi_cleanup(pointer) }

    /// Wakes the transfer thread, from any thread.
    func wakeUp() { curl_multi_wakeup(pointer) }

    /// Whether libcurl is initialized; the first access initializes it, once in the process.
    ///
    /// libcurl then reads `SSLKEYLOGFILE` and would write the keys of all connections to that file. The command removes
    /// the variable before there are threads; this does it for other users of the module.
    private static let isLibraryReady: Bool = {
        if getenv("SSLKEYLOGFILE") != nil { unsetenv("SSLKEYLOGFILE") }
        return twiliofs_curl_global_init() == CURLE_OK
    }()
}
