import Credentials
import Foundation
import TwilioAPI

@testable import twiliofs

/// The command line, and the files that it names.
let settingTargets: [FuzzTarget] = [
    FuzzTarget(name: "byte-size") { bytes in
        guard let size = ByteSize(text(bytes)) else { return }
        check(size.bytes >= 0, "a negative size")
        check(ByteSize(size.description.filter { $0 != " " }) != nil, "a size can't be read as it is written")
    },
    FuzzTarget(name: "mount-options") { bytes in
        _ = try MountOptionList(fields(bytes))
    },
    FuzzTarget(name: "window-options") { bytes in
        let text = text(bytes)
        if let date = DateBound(text) { check(date.start <= date.end, "a day ends before it begins") }
        _ = try? KindList.parse(text)
        if let refresh = try? RefreshInterval.parse(text) { check(refresh >= 0, "a negative interval") }
    },
    FuzzTarget(name: "subaccount-credentials") { bytes in
        try write(bytes)
        for sid in try CredentialList.read(settingFile.path, what: "credentials", of: .subaccount).keys {
            check(sid.prefix == "AC", "not a subaccount")
        }
    },
    FuzzTarget(name: "cli-profiles") { bytes in
        guard let profiles = TwilioCLIProfiles(bytes) else { return }
        for name in profiles.names where profiles[name] == nil { check(name != name.trimmed, "a profile isn't found") }
        _ = profiles.active
    },
    FuzzTarget(name: "secret-file") { bytes in
        try write(bytes)
        let secret = try SecretReader().text(settingFile.path, what: "secret")
        check(!secret.isEmpty && !secret.contains("\n"), "a secret is empty or has lines")
    },
]

private func write(_ bytes: [UInt8]) throws {
    try Data(bytes).write(to: settingFile)
    chmod(settingFile.path, 0o600)
}

/// The file of one process; the system removes it with the folder for temporary files.
private let settingFile = FileManager.default.temporaryDirectory.appending(path: "fuzz-setting-\(getpid())")
