import CCurl

/// Owns libcurl's share: TLS sessions and host addresses, which outlive the easy handles.
///
/// Without it, each easy handle would need a full TLS handshake for a new connection.
final class ShareHandle: @unchecked Sendable {
    // Safe although unchecked: the pointer is constant, and only the transfer thread uses the share, without locks.
    let pointer: UnsafeMutableRawPointer

    /// Makes a share; nil when libcurl can't.
    init?() {
        guard let pointer = curl_share_init() else { return nil }
        let kinds = [CURL_LOCK_DATA_SSL_SESSION, CURL_LOCK_DATA_DNS]
        guard kinds.allSatisfy({ twiliofs_curl_share_data(pointer, $0) == CURLSHE_OK }) else {
            curl_share_cleanup(pointer)
            return nil
        }
        self.pointer = pointer
    }

    deinit { curl_share_cleanup(pointer) }
}
