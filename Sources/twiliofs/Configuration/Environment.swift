import Foundation
import Glibc

/// The environment variables; an empty variable counts as not set.
///
/// Each is looked up when it is asked for, so that no copy of the secrets among them is kept.
struct Environment {
    private let value: @Sendable (_ name: String) -> String?

    /// Makes an environment of some variables.
    init(_ variables: [String: String]) { value = { variables[$0] } }

    /// The environment of this process.
    init() { value = { getenv($0).map { String(cString: $0) } } }

    private init(value: @escaping @Sendable (_ name: String) -> String?) { self.value = value }

    /// A variable's value without the blanks and line ends around it, which files with variables may leave; nil if the
    /// variable isn't set.
    subscript(name: String) -> String? {
        let text = value(name)?.trimmed
        return text.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The environment in which another user's cache folder is found.
    func forCache(of user: ServingUser) -> Environment {
        Environment(value: { [value] name in
            switch name {
            case "XDG_CACHE_HOME": nil
            case "HOME": user.home
            default: value(name)
            }
        })
    }

    /// The environment variables from which libcurl reads the proxy.
    private static let proxies = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"]

    /// Trims the proxy variables, since libcurl doesn't.
    ///
    /// It must be called before other threads run: they may read the environment while it changes.
    static func trimProxies() {
        for name in proxies {
            guard let value = getenv(name) else { continue }
            let text = String(cString: value)
            if text.trimmed != text { setenv(name, text.trimmed, 1) }
        }
    }

    /// The names of the environment variables that hold secrets.
    private static let secrets = [
        "TWILIO_AUTH_TOKEN", "TWILIO_API_SECRET", "TWILIO_API_KEY_SECRET", "TWILIO_CLIENT_SECRET",
        "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    ]

    /// The variables for a key process, as `NAME=value`: none of the secrets, and no proxy, whose address may have a
    /// password.
    static var ofKeyProcess: [String] {
        let others = secrets + proxies + ["HTTP_PROXY", "http_proxy"]
        var variables: [String] = []
        var entry = environ
        while let text = entry.pointee {
            let variable = String(cString: text)
            if !others.contains(where: { variable.hasPrefix($0 + "=") }) { variables.append(variable) }
            entry += 1
        }
        return variables
    }

    /// Overwrites and removes the secrets in the environment.
    ///
    /// Otherwise `/proc/PID/environ` would show them, and child processes would inherit them.
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
