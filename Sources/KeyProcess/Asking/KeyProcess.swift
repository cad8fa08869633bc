public import Envelope
public import Support

/// The process that holds private keys, as the process that has started it sees it.
///
/// First files are read, one after the other; then it is confined; from then on any thread may ask, and as many calls
/// as there are processors are answered at the same time. It ends with the last reference, and with this process.
public final class KeyProcess: Sendable {
    private let calls: KeyCalls
    /// The longest wait for each answer while files are read; nil where a person may be asked.
    private let patience: Duration?
    /// The longest wait for the end of a process whose socket has ended.
    public static let patienceForEnd = Duration.seconds(10)

    /// Starts a program as the key process, which may use the descriptors of this process that programs inherit.
    public init(_ program: KeyProgram) throws(SystemError) {
        let (socket, process) = try program.start(inheriting: true)
        calls = KeyCalls(socket: socket, process: process) {
            ProcessEnd(of: process, within: Self.patienceForEnd)
        }
        patience = nil
    }

    /// Takes over a key process that ``KeyProgram/start(_:)`` has started, with its socket: ``contents(warn:)``, then
    /// ``confinement()`` come next.
    ///
    /// - Parameters:
    ///   - patience: The longest wait for each answer while its file is read, which may be on a disk that is gone.
    ///   - end: Waits for the end of the process after that of the socket; nil if it can't be known.
    public init(
        socket: Int32, processID: Int32, patience: Duration = .seconds(60),
        end: @escaping @Sendable () -> ProcessEnd?
    ) {
        self.patience = patience
        calls = KeyCalls(socket: MessageSocket(socket), process: processID, end: end)
    }

    deinit { calls.end() }

    /// The ID of the process.
    public var processID: Int32 { calls.process }

    /// Whether the process answers, as far as is known.
    public var isRunning: Bool { calls.isRunning }

    /// Has a function called when the process has ended although it is still needed.
    ///
    /// It is called on another thread, or at once if the process has ended already.
    public func whenEnded(_ observer: @escaping @Sendable (ProcessEnd?) -> Void) { calls.whenEnded(observer) }

    /// Tells how files are to be read.
    public func use(_ settings: ReadingSettings) throws(KeyFileFailure) {
        try calls.tell(.settings(settings))
    }

    /// Has a file read, which may take as long as a person needs for a passphrase.
    ///
    /// - Parameter warn: Takes sentences about the file.
    /// - Returns: The keys, and the SID of a public key that stands alone in a line of the file.
    public func read(
        _ file: KeyFileRequest, warn: (String) -> Void
    ) throws(KeyFileFailure) -> (keys: [any HeldPrivateKey], publicKeySID: String?) {
        try calls.tell(.read(file))
        return try contents(warn: warn)
    }

    /// Waits for the keys of the file that is being read.
    ///
    /// - Parameter warn: Takes sentences about the file.
    /// - Returns: The keys, and the SID of a public key that stands alone in a line of the file.
    public func contents(
        warn: (String) -> Void
    ) throws(KeyFileFailure) -> (keys: [any HeldPrivateKey], publicKeySID: String?) {
        while true {
            switch try calls.answer(within: patience) {
            case .warning(let sentence): warn(sentence)
            case .failure(let status, let message): throw KeyFileFailure(status: status, message: message)
            case .keys(let keys, let sid): return (keys.map { RemoteKey($0, in: self) }, sid)
            default: throw KeyCalls.strange
            }
        }
    }

    /// Has it give up all that it doesn't need; no file can be read afterwards, and the keys can be used.
    public func confine() throws(KeyFileFailure) -> KeyConfinement {
        try calls.tell(.confine)
        return try confinement()
    }

    /// Waits until it has given up all that it doesn't need.
    public func confinement() throws(KeyFileFailure) -> KeyConfinement {
        guard case .confined(let confinement) = try calls.answer(within: patience) else { throw KeyCalls.strange }
        do throws(SystemError) { try calls.listen() } catch { throw KeyFileFailure(status: 1, message: error.message) }
        return confinement
    }

    /// The longest SID that a private key can be tied to, and the longest wrapped key that one can fit, in bytes.
    private static let (longestSID, longestWrappedKey) = (64, 1024)

    /// Has a content key unwrapped.
    func unwrap(_ wrapped: WrappedKey, with key: UInt32) throws(EnvelopeError) -> KeyUnwrapping {
        guard wrapped.bytes.count <= Self.longestWrappedKey else { return .notFitting(cause: nil) }
        // No private key is tied to what isn't a SID: none at all has the same meaning.
        let sid = wrapped.publicKeySID.flatMap { $0.utf8.count <= Self.longestSID ? $0 : nil }
        let wrapped = WrappedKey(
            wrapping: wrapped.wrapping, cipher: wrapped.cipher, publicKeySID: sid, bytes: wrapped.bytes)
        switch try calls.call({ .unwrap(call: $0, key: key, wrapped) }) {
        case .unwrapped(_, let contentKey): return .unwrapped(contentKey)
        case .refused: return .notFitting(cause: nil)
        case .malformed(_, let contentKey): return .malformed(contentKey)
        case .failed(_, let message): throw EnvelopeError(.cryptoFailure, message)
        default: throw KeyCalls.ended(nil)
        }
    }

    /// Has a SHA-256 signed.
    func signature(ofSHA256 digest: [UInt8], with key: UInt32) throws(EnvelopeError) -> [UInt8] {
        switch try calls.call({ .sign(call: $0, key: key, digest: digest) }) {
        case .signed(_, let signature): return signature
        case .refused: throw EnvelopeError(.unsupportedKey, "The private key isn't for signing.")
        case .failed(_, let message): throw EnvelopeError(.cryptoFailure, message)
        default: throw KeyCalls.ended(nil)
        }
    }

    /// Has a key forgotten that nobody uses any more.
    func forget(_ key: UInt32) { calls.forget(key) }
}
