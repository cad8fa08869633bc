import KeyProcess
import MountRuntime
import Support

/// Starts the processes that hold private keys, and notices when one ends that is still needed.
///
/// The first one reads all files. A file that is read again gets a process of its own, since those that run can't open
/// files any more; each ends when its last key isn't needed any more.
final class KeyProcesses: Sendable {
    /// Called with a sentence for the log, and whether the files may be read again.
    typealias Observer = @Sendable (_ sentence: String, _ mayReadAgain: Bool) -> Void

    private struct State {
        var isStarted = false
        var observer: Observer?
        /// The first process, until it is taken.
        var first: KeyProcess?
    }

    /// The name of the command that holds keys.
    static let commandName = "key-process"
    /// The name of the processes in `ps`.
    static let processName = "twiliofs-keys"

    /// A process that ends sooner may do so again and again, with each file that is read.
    private static let shortestLife = Duration.seconds(10)

    private let shared = Locked(State())

    /// Starts the first process, which may ask on the terminal and read pipes that this process has inherited.
    ///
    /// - Parameter user: The user whom it becomes once it has read all files, as the mount does.
    func startFirst(for user: ServingUser?) throws(Failure) {
        let process = try start(isFirst: true, user.map { ["--user", $0.name] } ?? [])
        shared.withLock { $0.first = process }
    }

    /// Takes the first process, which then ends with its last key; nil without any.
    func takeFirst() -> KeyProcess? {
        shared.withLock { state in
            defer { state.first = nil }
            return state.first
        }
    }

    /// Starts a process for a file that is read again.
    func start() throws(Failure) -> KeyProcess { try start(isFirst: false, []) }

    private func start(isFirst: Bool, _ words: [String]) throws(Failure) -> KeyProcess {
        do throws(SystemError) {
            let process = try KeyProcess(
                program: "/proc/self/exe",
                arguments: { [Self.processName, Self.commandName, "--socket", String($0)] + words },
                environment: Environment.withoutSecrets, isFirst: isFirst)
            let started = ContinuousClock.now
            process.whenEnded { [self] in note($0, age: .now - started) }
            shared.withLock { $0.isStarted = true }
            return process
        } catch {
            throw Failure(.other, error.message)
        }
    }

    /// Has a function called when a process has ended although it is needed.
    func whenEnded(_ observer: @escaping Observer) { shared.withLock { $0.observer = observer } }

    /// Tells the state for the status.
    ///
    /// - Parameter lostKeys: Names the files whose keys are lost.
    func status(lostKeys: @escaping @Sendable () -> [String]) -> @Sendable () -> KeyProcessStatus {
        { [shared] in
            let lost = lostKeys()
            let isStarted = shared.withLock(\.isStarted)
            return KeyProcessStatus(state: !lost.isEmpty ? .ended : isStarted ? .running : .none, lostKeys: lost)
        }
    }

    private func note(_ end: ProcessEnd?, age: Duration) {
        let observer = shared.withLock(\.observer)
        let how =
            switch end {
            case .killed(let signal): "was ended by signal \(signal)"
            case .exited(let status): "has ended with status \(status)"
            case nil: "has ended"
            }
        let mayReadAgain = age >= Self.shortestLife
        observer?(
            "the process that holds the private keys \(how): recordings that aren't open can't be opened until the"
                + (mayReadAgain
                    ? " key files were read again, which is tried now" : " key files are read again (SIGHUP)"),
            mayReadAgain)
    }
}

extension Failure {
    /// Runs `body`, and throws a failure of the key process as this process's own.
    static func ofKeyProcess<Result>(_ body: () throws(KeyFileFailure) -> Result) throws(Failure) -> Result {
        do throws(KeyFileFailure) {
            return try body()
        } catch {
            throw Failure(FailureStatus(rawValue: error.status) ?? .other, error.message)
        }
    }
}
