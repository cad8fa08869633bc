import Envelope
import Foundation
import Glibc
import KeyProcess
import TestSupport

/// A key process of the program `twiliofs`, confined, with the keys of some files.
struct StartedKeys {
    static let sid = "CR0123456789abcdef0123456789abcdef"

    let process: KeyProcess
    let confinement: KeyConfinement
    /// The first key of each file.
    let keys: [any HeldPrivateKey]

    init(_ files: [KeyFileRequest]) throws {
        process = try Self.start()
        try process.use(
            ReadingSettings(isStrict: false, isFirstTime: true, credentialsFolder: nil, passphraseFile: nil))
        var keys: [any HeldPrivateKey] = []
        for file in files { keys.append(contentsOf: try process.read(file) { _ in }.keys.prefix(1)) }
        self.keys = keys
        confinement = try process.confine()
    }

    /// Starts a process that has read nothing.
    static func start() throws -> KeyProcess {
        try KeyProcess(
            KeyProgram(
                BuiltPrograms.twiliofs, words: { ["twiliofs-keys", "key-process", "--socket", String($0)] },
                environment: ["PATH=/usr/bin:/bin"]
                    + ["LD_LIBRARY_PATH", "LLVM_PROFILE_FILE"].compactMap { name in
                        ProcessInfo.processInfo.environment[name].map { "\(name)=\($0)" }
                    }))
    }
}

extension KeyFileRequest {
    /// A file whose keys unwrap.
    static func unwrapping(_ path: String, _ use: KeyRing.Use? = nil, _ sid: String? = nil) -> KeyFileRequest {
        KeyFileRequest(path: path, purpose: .unwrapping(use: use, publicKeySID: sid))
    }

    /// A file whose key signs.
    static func signing(_ path: String) -> KeyFileRequest { KeyFileRequest(path: path, purpose: .signing) }
}
