import Credentials
import Envelope
import KeyProcess

/// The files of a mount's private keys; those that change are read again while the mount is running.
final class KeyFiles: Sendable {
    /// The keys of one file.
    private struct Keys: Equatable, Sendable {
        let entries: [KeyRing.Entry]

        /// Whether the process that held them has ended.
        var isLost: Bool { !KeyRing(entries).isAvailable }

        static func == (one: Keys, other: Keys) -> Bool {
            one.entries.map(\.key.publicKeyFingerprint) == other.entries.map(\.key.publicKeyFingerprint)
        }
    }

    private let files: [FileValue<Keys>]

    /// Reads the files.
    ///
    /// - Parameter arguments: Those of `--key`.
    init(_ arguments: [String], reader: inout PrivateKeys) throws(Failure) {
        let (secrets, later) = (reader.secrets, reader.later)
        var files: [FileValue<Keys>] = []
        for argument in arguments {
            // Before the path becomes absolute, which hides the form that was given.
            try reader.checkForm(of: argument)
            let (use, sid, given) = PrivateKeys.split(argument)
            let path = CacheFolder.absolute(secrets.file(named: given))
            // The form of the argument, with the absolute path.
            let absolute = (use.map { "\($0.rawValue):" } ?? "") + (sid.map { "\($0)=" } ?? "") + path
            let file = try secrets.keyValue("private key", in: path, isLost: \.isLost) {
                reader.expect(path, for: .unwrapping(use: use, publicKeySID: sid?.description))
            } first: { () throws(Failure) in
                Keys(entries: try reader.entries(of: absolute))
            } later: { () throws(Failure) in
                var reader = later
                return Keys(entries: try reader.entries(of: absolute))
            }
            files.append(file)
        }
        self.files = files
    }

    /// All keys as last read.
    var ring: KeyRing { KeyRing(files.flatMap(\.current.entries)) }

    /// The names of the files whose keys are lost, since the process that held them has ended.
    var lost: [String] { files.filter(\.isLost).map(\.name) }

    /// Has a function called with all keys after each change.
    func whenChanged(_ observer: @escaping @Sendable (KeyRing) -> Void) {
        for file in files {
            file.whenChanged { [weak self] in if let self { observer(ring) } }
        }
    }

    /// Reads those files again that have changed; the completion gets whether other keys were read.
    func readIfChanged(by rereading: Rereading, completion: @escaping @Sendable (_ hasChanged: Bool) -> Void) {
        rereading.readIfChanged(files, completion: completion)
    }
}
