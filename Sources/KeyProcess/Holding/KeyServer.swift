public import Envelope
import Glibc
public import Support

/// The failure to read a file: the program's exit status and the sentence.
public struct KeyFileFailure: Error, Hashable {
    /// The exit status.
    public let status: Int32
    /// The sentence about the file.
    public let message: String

    /// Makes a failure.
    public init(status: Int32, message: String) {
        self.status = status
        self.message = message
    }
}

/// The key process's whole work: reads private keys, gives up all that it can, and answers until its socket ends.
///
/// The process that has started it parses what strangers send; this one parses only what that one sends, and has
/// nothing but the keys.
public final class KeyServer: Sendable {
    /// What a file holds.
    public typealias Contents = (keys: [PrivateKey], publicKeySID: String?)

    /// Reads a file.
    public typealias Read = (KeyFileRequest, ReadingSettings) throws(KeyFileFailure) -> Contents

    /// The most threads that answer: as many as a mount asks with at the same time.
    private static let mostThreads = 8
    /// Enough for libcrypto; more would count against the limit of locked memory.
    private static let stackSize = 256 << 10

    private let socket: MessageSocket
    private let table = Locked(KeyTable())
    private let threads = Condition(Threads())

    private struct Threads {
        /// The number of threads that have begun to wait.
        var waiting = 0
        /// Whether the process is confined, and the threads may answer.
        var isConfined = false
    }

    /// Takes over a socket of the process that asks.
    ///
    /// - Throws: `SystemError` if the system doesn't let the process protect itself.
    public init(socket: Int32) throws(SystemError) {
        try KeyConfinement.begin()
        self.socket = MessageSocket(socket)
    }

    /// Tells a warning about the file that is being read.
    public func warn(_ sentence: String) { send(.warning(sentence), SecretBuffer(count: KeyRequest.largestSize)) }

    /// The socket's descriptor, at whose end nobody needs an answer any more.
    public var socketDescriptor: Int32 { socket.descriptor }

    /// Serves until the other process ends.
    ///
    /// - Parameters:
    ///   - processors: The number of calls to answer at the same time.
    ///   - read: Reads files, until the process is confined.
    ///   - whenRead: Called when no more files are read, to give up what reading them needed.
    public func serve(
        processors: Int, read: Read, whenRead: () throws(SystemError) -> Void
    ) throws(SystemError) -> Never {
        let buffer = SecretBuffer(count: KeyRequest.largestSize)
        var settings = ReadingSettings(
            isStrict: true, isFirstTime: false, credentialsFolder: nil, passphraseFile: nil)
        reading: while true {
            switch receiveWithDescriptor(buffer) {
            case .settings(let given): settings = given
            case .read(let file): answer(file, settings, read, buffer)
            case .confine: break reading
            // A key may not be needed after all, as that of a file that is named twice.
            case .forget(let key): forget(key)
            case .unwrap, .sign: end()
            }
        }
        try whenRead()
        // The threads start before memory is locked and calls are filtered, and wait.
        let count = min(Self.mostThreads, max(2, processors)) - 1
        for number in 1...count {
            _ = try NamedThread(name: "keys-\(number)", stackSize: Self.stackSize) { [self] in
                let buffer = SecretBuffer(count: KeyRequest.largestSize)
                threads.change { $0.waiting += 1 }
                threads.waitUntil(\.isConfined)
                answerCalls(buffer)
            }
        }
        // What a thread does when it starts, as taking its name, isn't allowed later.
        threads.waitUntil { $0.waiting == count }
        table.withLock { $0.warmUp() }
        send(.confined(KeyConfinement.complete(keeping: socket.descriptor)), buffer)
        threads.change { $0.isConfined = true }
        answerCalls(buffer)
    }

    private func answer(
        _ file: KeyFileRequest, _ settings: ReadingSettings, _ read: Read, _ buffer: SecretBuffer
    ) {
        defer { file.opened?.close() }
        do throws(KeyFileFailure) {
            let contents = try read(file, settings)
            let keys = table.withLock { table in contents.keys.map { table.add($0, for: file.purpose) } }
            send(.keys(keys, publicKeySID: contents.publicKeySID), buffer)
        } catch {
            send(.failure(status: error.status, error.message), buffer)
        }
    }

    /// One thread's work.
    private func answerCalls(_ buffer: SecretBuffer) -> Never {
        while true {
            switch receive(buffer) {
            case .unwrap(let call, let key, let wrapped): send(unwrap(call, key, wrapped), buffer)
            case .sign(let call, let key, let digest): send(sign(call, key, digest), buffer)
            case .forget(let key): forget(key)
            case .settings, .read, .confine: end()
            }
        }
    }

    private func unwrap(_ call: UInt32, _ number: UInt32, _ wrapped: WrappedKey) -> KeyResponse {
        guard let key = table.withLock({ $0.key(number, unwrapping: wrapped) }) else { return .refused(call: call) }
        do throws(EnvelopeError) {
            switch try key.unwrap(wrapped) {
            case .unwrapped(let contentKey): return .unwrapped(call: call, contentKey)
            case .notFitting: return .refused(call: call)
            case .malformed(let contentKey): return .malformed(call: call, contentKey)
            }
        } catch {
            return .failed(call: call, error.message)
        }
    }

    private func sign(_ call: UInt32, _ number: UInt32, _ digest: [UInt8]) -> KeyResponse {
        guard let key = table.withLock({ $0.signingKey(number) }) else { return .refused(call: call) }
        do throws(EnvelopeError) {
            return .signed(call: call, try key.signature(ofSHA256: digest))
        } catch {
            return .failed(call: call, error.message)
        }
    }

    private func forget(_ number: UInt32) { table.withLock { $0.forget(number) } }

    /// The next message; ends the process if there is none, or one that can't be read.
    private func receive(_ buffer: SecretBuffer) -> KeyRequest {
        guard let bytes = (try? socket.receive(buffer)) ?? nil, let request = try? KeyRequest(bytes) else { end() }
        return request
    }

    /// The next message with its descriptor, before the process is confined.
    private func receiveWithDescriptor(_ buffer: SecretBuffer) -> KeyRequest {
        guard let (bytes, descriptor) = (try? socket.receiveWithDescriptor(buffer)) ?? nil,
            let request = try? KeyRequest(bytes, with: descriptor)
        else { end() }
        return request
    }

    private func send(_ response: KeyResponse, _ buffer: SecretBuffer) {
        guard let count = try? response.write(to: buffer.bytes) else { end() }
        let isSent = (try? socket.send(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]))) != nil
        buffer.wipe(count)
        if !isSent { end() }
    }

    /// Ends the process at once; its memory goes with it.
    private func end() -> Never { _exit(0) }
}
