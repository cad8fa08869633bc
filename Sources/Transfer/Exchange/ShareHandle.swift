import CCurl

/// Owns libcurl's share: TLS sessions and addresses of hosts, which outlive the easy handles.
///
/// Without it each easy handle would keep its own sessions, and a connection made by another handle would need a full
/// handshake.
final class ShareHandle: @unchecked Sendable {
    // Safe although unchecked: the pointer never changes, and what is behind it is used by the transfer thread alone.
    // That is also why the share has no lock functions.
    let pointer: UnsafeMutableRawPointer

    /// Makes one; `nil` when libcurl can't.
    init?() {
        guard let pointer = curl_share_init() else { return nil }
        let kinds = [CURL_LOCK_DATA_SSL_SESSION, CURL_LOCK_DATA_DNS]
        guard kinds.allSatisfy({ twiliofs_curl_share_data(pointer, $0) == CURLSHE_OK }) else {
            curl_share_cleanup(pointer)
            return nil
        }
        self.pointer = pointer
    }

    deinit {
        curl_share_cleanup(pointer)
    }
}
