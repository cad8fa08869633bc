import Foundation
import Glibc

/// The environment's variables; an empty one counts as not set.
struct Environment {
    private let variables: [String: String]

    init(_ variables: [String: String] = ProcessInfo.processInfo.environment) { self.variables = variables }

    /// A variable's value without surrounding blanks and line ends, which files of variables leave.
    subscript(name: String) -> String? {
        let value = variables[name]?.trimmed
        return value.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The proxy variables of libcurl.
    private static let proxies = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"]

    /// Trims the proxy variables, since libcurl doesn't; no other threads may run, as they may read the environment.
    static func trimProxies() {
        for name in proxies {
            guard let value = getenv(name) else { continue }
            let text = String(cString: value)
            if text.trimmed != text { setenv(name, text.trimmed, 1) }
        }
    }

    /// The variables with secrets.
    private static let secrets = [
        "TWILIO_AUTH_TOKEN", "TWILIO_API_SECRET", "TWILIO_API_KEY_SECRET", "TWILIO_CLIENT_SECRET",
        "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    ]

    /// Wipes the secrets from the environment, which `/proc/PID/environ` shows and child processes inherit.
    static func wipeSecrets() {
        for name in secrets {
            let prefix = name + "="
            var entry = environ
            while let text = entry.pointee {
                if strncmp(text, prefix, prefix.utf8.count) == 0 {
                    explicit_bzero(text + prefix.utf8.count, strlen(text) - prefix.utf8.count)
                }
                entry += 1
            }
            unsetenv(name)
        }
    }
}
