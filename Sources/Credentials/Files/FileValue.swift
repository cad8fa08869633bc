import Support

/// A value that files hold, such as a token; it is read again when they have changed.
///
/// If it can't be read again, the value stays as it is.
public final class FileValue<Value: Sendable & Equatable>: Rereadable {
    private struct State {
        var value: Value
        var version = 0
        /// The files' stamps before the last attempt to read them, also a failed one.
        var stamps: [FileStamp?]
        /// Whether the last attempt to read them failed, perhaps for another file, such as that of a passphrase.
        var hasFailed = false
    }

    /// The name of the value in log lines, with its article and its file: `the auth token in '/etc/token'`.
    public let name: String
    private let files: [String]
    private let read: @Sendable () throws -> Value
    private let check: @Sendable (_ former: Value, _ new: Value) throws -> Void
    private let isReadOnlyIfChanged: Bool
    /// Whether a value has become useless, so that it is read again whether or not the files have changed.
    private let isValueLost: @Sendable (Value) -> Bool
    private let observer = Locked<(@Sendable () -> Void)?>(nil)
    private let state: Locked<State>

    /// Reads the value for the first time.
    ///
    /// - Parameters:
    ///   - files: The absolute paths of the files that hold it.
    ///   - check: Throws if the running mount can't use a new value in the place of the former one.
    ///   - read: Reads the value: now, and later on another thread. Its error names the file, never what stands in it.
    public init<Failure: Error>(
        _ name: String, in files: [String], check: @escaping @Sendable (_ former: Value, _ new: Value) throws -> Void,
        read: @escaping @Sendable () throws(Failure) -> Value
    ) throws(Failure) {
        self.name = name
        self.files = files
        self.check = check
        isReadOnlyIfChanged = false
        isValueLost = { _ in false }
        self.read = { try read() }
        // Before the files are read: one that changes meanwhile counts as changed.
        let stamps = files.map { FileStamp(of: $0) }
        state = Locked(State(value: try read(), stamps: stamps))
    }

    /// Takes a value that was read before, and reads the files only when they have changed since, or when the last
    /// attempt failed and a person asks for another.
    ///
    /// - Parameters:
    ///   - stamps: The files' stamps before they were read.
    ///   - check: Throws if the running mount can't use a new value in the place of the former one.
    ///   - isLost: Whether a value has become useless: then the files are read although they haven't changed.
    public init(
        _ name: String, in files: [String], first value: Value, stamps: [FileStamp?],
        check: @escaping @Sendable (_ former: Value, _ new: Value) throws -> Void = { _, _ in },
        isLost: @escaping @Sendable (Value) -> Bool = { _ in false },
        read: @escaping @Sendable () throws -> Value
    ) {
        self.name = name
        self.files = files
        self.read = read
        self.check = check
        isReadOnlyIfChanged = true
        isValueLost = isLost
        state = Locked(State(value: value, stamps: stamps))
    }

    /// Makes a value that is in no file and never changes.
    public convenience init(constant value: Value) {
        self.init("", in: [], first: value, stamps: []) { value }
    }

    /// The number of changes so far.
    public var version: Int { state.withLock { $0.version } }

    /// The value as last read.
    public var current: Value { state.withLock { $0.value } }

    /// Whether the value has become useless.
    public var isLost: Bool { isValueLost(current) }

    /// Has a function called after each change, on the thread that reads.
    public func whenChanged(_ observer: @escaping @Sendable () -> Void) { self.observer.withLock { $0 = observer } }

    /// Reads the files again; see ``Rereadable``.
    public func readAgain(evenIfUnchanged: Bool) throws -> Bool {
        let stamps = files.map { FileStamp(of: $0) }
        let wasLost = isLost
        let isDue = state.withLock { state in
            defer { state.stamps = stamps }
            return wasLost || evenIfUnchanged && (!isReadOnlyIfChanged || state.hasFailed) || stamps != state.stamps
        }
        guard isDue else { return false }
        state.withLock { $0.hasFailed = true }
        let value = try read()
        // Only this function changes the value, and one thread calls it.
        try check(current, value)
        let hasChanged = state.withLock { state in
            state.hasFailed = false
            guard wasLost || value != state.value else { return false }
            state.value = value
            state.version += 1
            return true
        }
        if hasChanged { observer.withLock(\.self)?() }
        return hasChanged
    }
}

/// Something from files that can be read again while the mount is running.
public protocol Rereadable: AnyObject, Sendable {
    /// The name in log lines, with its article and its file.
    var name: String { get }

    /// Whether there is something to read, so that a person who asks for it can be told that it is the same.
    var isThere: Bool { get }

    /// Reads the files again if they have changed; called on one thread, which may wait for a disk.
    ///
    /// After an error, what was read before stays in use, and the same files aren't read again until they change.
    ///
    /// - Parameter evenIfUnchanged: Whether to read them in any case, because a person asks for it.
    /// - Returns: Whether something else was read.
    func readAgain(evenIfUnchanged: Bool) throws -> Bool
}

extension Rereadable {
    /// True.
    public var isThere: Bool { true }
}
