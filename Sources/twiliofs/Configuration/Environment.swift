import Foundation
import Glibc

/// The environment's variables; an empty one counts as not set.
struct Environment {
    private let variables: [String: String]

    init(_ variables: [String: String] = ProcessInfo.processInfo.environment) {
        self.variables = variables
    }

    /// A variable's value; of Twilio's variables without blanks and line ends around it.
    subscript(name: String) -> String? {
        let value = variables[name].map { name.hasPrefix("TWILIO") ? $0.trimmed : $0 }
        return value.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The variables that hold a secret.
    private static let secrets = ["TWILIO_AUTH_TOKEN", "TWILIO_API_SECRET", "TWILIO_API_KEY_SECRET"]

    /// Wipes the secrets from the process's environment, which `/proc/PID/environ` shows and programs that it starts
    /// inherit.
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
