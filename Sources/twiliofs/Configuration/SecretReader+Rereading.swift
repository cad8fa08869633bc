import Credentials
import Transfer

extension SecretReader {
    /// Reads a value from a file, and again when the file changes, unless it is a pipe or a descriptor.
    ///
    /// - Parameters:
    ///   - what: The name of what the file holds.
    ///   - file: The argument of an option.
    ///   - check: Throws if a new value can't take the place of the former one while the mount is running.
    ///   - read: Reads the file's value, on another thread if it is read again.
    func value<Value: Sendable & Equatable>(
        _ what: String, in file: String,
        check: @escaping @Sendable (_ former: Value, _ new: Value) throws -> Void = { _, _ in },
        read: @escaping @Sendable (SecretReader, _ path: String) throws(Failure) -> Value
    ) throws(Failure) -> FileValue<Value> {
        // A background process leaves the working directory.
        let path = CacheFolder.absolute(self.file(named: file))
        let files = FileStamp.canBeReadAgain(path) ? [path] : []
        let reader = files.isEmpty ? self : later
        let value = try FileValue("the \(what) in '\(path)'", in: files, check: check) { () throws(Failure) in
            try read(reader, path)
        }
        if !files.isEmpty { rereading?.add(value) }
        return value
    }

    /// Reads a value with keys from a file, and again only when that has changed: then nobody can be asked for a
    /// passphrase.
    ///
    /// - Parameters:
    ///   - what: The name of what the file holds.
    ///   - path: The file's absolute path.
    ///   - check: Throws if a new value can't take the place of the former one while the mount is running.
    ///   - isLost: Whether a value has become useless, so that it is read again in any case.
    ///   - expect: Prepares for `later`, if the file can be read again.
    ///   - first: Reads the file now.
    ///   - later: Reads it again, on another thread.
    func keyValue<Value: Sendable & Equatable>(
        _ what: String, in path: String,
        check: @escaping @Sendable (_ former: Value, _ new: Value) throws -> Void = { _, _ in },
        isLost: @escaping @Sendable (Value) -> Bool = { _ in false },
        expect: () -> Void,
        first: () throws(Failure) -> Value,
        later: @escaping @Sendable () throws(Failure) -> Value
    ) throws(Failure) -> FileValue<Value> {
        let files = FileStamp.canBeReadAgain(path) ? [path] : []
        // Before the file is read: one that changes meanwhile counts as changed.
        let stamps = files.map { FileStamp(of: $0) }
        if !files.isEmpty { expect() }
        let value = FileValue(
            "the \(what) in '\(path)'", in: files, first: try first(), stamps: stamps, check: check, isLost: isLost,
            read: { try later() })
        if !files.isEmpty { rereading?.add(value) }
        return value
    }

    /// Reads a secret from a file as ``value(_:in:check:read:)`` does, and provides it as the password of a name.
    func provider(_ what: String, in file: String, username: String) throws(Failure) -> any CredentialProvider {
        let value = try value(what, in: file) { (reader, path) throws(Failure) in
            Credential(username: username, password: try reader.text(path, what: what))
        }
        return provider(of: value) { $0 }
    }

    /// Provides the credential in a value.
    func provider<Value>(
        of value: FileValue<Value>, credential: @escaping @Sendable (Value) -> Credential
    ) -> any CredentialProvider {
        guard let rereading else { return FixedCredential(credential(value.current)) }
        return FileCredentials(value, rereading: rereading, credential: credential)
    }
}
