import Envelope
import KeyProcess
import MountRuntime
import Support

/// Starts the processes that hold private keys, and notices when one ends that is still needed.
///
/// The first one reads all files. A file that is read again gets a process of its own, since those that run can't open
/// files any more; each ends when its last key isn't needed any more. The ``Doorkeeper`` starts it, if there is one.
final class KeyProcesses: Sendable {
    /// Called with a sentence for the log, and whether the files may be read again.
    typealias Observer = @Sendable (_ sentence: String, _ mayReadAgain: Bool) -> Void

    /// What a file holds: its keys, at least one, and the SID of a public key that stands alone in a line.
    typealias Contents = (keys: [any HeldPrivateKey], publicKeySID: String?)

    private struct State {
        var isStarted = false
        var observer: Observer?
        /// The ends that nobody has been told of yet.
        var untold: [(sentence: String, mayReadAgain: Bool)] = []
        /// The first process, until it is taken.
        var first: KeyProcess?
    }

    /// A process that ends sooner may do so again and again, with each file that is read.
    private static let shortestLife = Duration.seconds(10)

    private let shared = Locked(State())
    private let doorkeeper: Doorkeeper?

    /// Starts no process yet.
    ///
    /// - Parameter doorkeeper: Starts the processes for files that are read again; without it, this process does.
    init(doorkeeper: Doorkeeper?) { self.doorkeeper = doorkeeper }

    /// Starts the first process, which may ask on the terminal and read pipes that this process has inherited.
    ///
    /// - Parameter user: The user whom it becomes once it has read all files, as the mount does.
    func startFirst(for user: ServingUser?) throws(Failure) {
        let process = try Self.started { () throws(SystemError) in try KeyProcess(KeyProgram.own(for: user)) }
        follow(process)
        shared.withLock { $0.first = process }
    }

    /// Takes the first process, which then ends with its last key; nil without any.
    func takeFirst() -> KeyProcess? {
        shared.withLock { state in
            defer { state.first = nil }
            return state.first
        }
    }

    /// Prepares for a file that may be read again later.
    func expect(_ reading: KeyReading) { doorkeeper?.expectKeyFile(reading) }

    /// Has a file that was expected read again by a process of its own.
    ///
    /// - Parameter warn: Takes sentences about the file.
    func contents(_ reading: KeyReading, warn: (String) -> Void) throws(Failure) -> Contents {
        let process = try Self.started { () throws(SystemError) in
            if let doorkeeper { return try doorkeeper.startKeyProcess(reading) }
            let (socket, process) = try KeyProgram.own(for: nil).start(reading)
            return KeyProcess(socket: socket, processID: process) {
                ProcessEnd(of: process, within: KeyProcess.patienceForEnd)
            }
        }
        let contents = try Failure.ofKeyProcess { () throws(KeyFileFailure) in
            let contents = try process.contents(warn: warn)
            _ = try process.confinement()
            return contents
        }
        follow(process)
        return contents
    }

    private static func started(_ start: () throws(SystemError) -> KeyProcess) throws(Failure) -> KeyProcess {
        do throws(SystemError) { return try start() } catch { throw Failure(.other, error.message) }
    }

    private func follow(_ process: KeyProcess) {
        let started = ContinuousClock.now
        process.whenEnded { [self] in note($0, age: .now - started) }
        shared.withLock { $0.isStarted = true }
    }

    /// Has a function called when a process has ended although it is needed: at once for those that have already.
    func whenEnded(_ observer: @escaping Observer) {
        let untold = shared.withLock { state in
            defer { state.untold = [] }
            state.observer = observer
            return state.untold
        }
        for (sentence, mayReadAgain) in untold { observer(sentence, mayReadAgain) }
    }

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

    func note(_ end: ProcessEnd?, age: Duration) {
        let how =
            switch end {
            case .killed(let signal): "was ended by signal \(signal)"
            case .exited(let status): "has ended with status \(status)"
            case nil: "has ended"
            }
        let mayReadAgain = age >= Self.shortestLife
        let sentence =
            "the process that holds the private keys \(how): recordings that aren't open can't be opened until the"
            + (mayReadAgain ? " key files were read again, which is tried now" : " key files are read again (SIGHUP)")
        let observer = shared.withLock { state in
            if state.observer == nil { state.untold.append((sentence, mayReadAgain)) }
            return state.observer
        }
        observer?(sentence, mayReadAgain)
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
