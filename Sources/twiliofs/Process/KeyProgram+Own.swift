import KeyProcess

extension KeyProgram {
    /// The name of the command that holds keys.
    static let commandName = "key-process"
    /// The name of the processes in `ps`.
    static let processName = "twiliofs-keys"

    /// This program as a key process.
    ///
    /// - Parameter user: The user whom it becomes once it has read all files.
    static func own(for user: ServingUser?) -> KeyProgram {
        let words = user.map { ["--user", $0.name] } ?? []
        return KeyProgram(
            "/proc/self/exe", words: { [processName, commandName, "--socket", String($0)] + words },
            environment: Environment.ofKeyProcess)
    }
}
