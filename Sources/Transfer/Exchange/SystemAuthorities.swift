import CCurl
import Glibc

/// The certificate authorities that the system trusts.
enum SystemAuthorities {
    /// The file that libcurl was built to read; nil if there is none, or it can't be read: libcurl then has a folder.
    static let file: String? = {
        guard let easy = curl_easy_init() else { return nil }
        defer { curl_easy_cleanup(easy) }
        var path: UnsafeMutablePointer<CChar>?
        guard twiliofs_curl_get_string(easy, CURLINFO_CAINFO, &path) == CURLE_OK, let path else { return nil }
        return access(path, R_OK) == 0 ? String(cString: path) : nil
    }()
}
