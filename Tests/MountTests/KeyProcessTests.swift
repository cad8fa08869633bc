import Foundation
import Glibc
import Support
import TestSupport
import Testing
import TwilioSimulator

@Suite("A mount whose private keys are in a process of their own", .orderlyAndLong, .needsFUSE)
struct KeyProcessTests {
    /// The secrets of the shared key in the memory of a process.
    private func secrets(in process: Int32) throws -> [String] {
        try Python.run(
            "scan_memory", "\(process)", KeyPair.shared.privateKey(), KeyPair.passphrase, usesPackages: true
        ).lines
    }

    @Test(
        "While it reads, the mount's memory has no number of the private key, no line of its file and no passphrase",
        .enabled(if: getuid() == 0 && !Sanitizer.isPresent, "needs root, and a program without a sanitizer"))
    func memory() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let key = try KeyPair.shared
        // The passphrase is typed nowhere, but read from a file.
        let mount = try MountedAccount(
            account, keys: ["voice:\(key.privateKey(.encryptedPKCS8))", "video:\(key.privateKey())"],
            options: ["--key-passphrase-file", key.passphraseFile])
        let reader = try RunningCommand(
            ["sh", "-c", "while :; do cat */*.wav */*.mka */*.mkv */*.mp4 >/dev/null; done"], directory: mount.path)
        defer { reader.kill() }
        #expect(try mount.differences(from: account) == [])
        let processes = try ServingProcess(processID: mount.process.processID).keyProcesses
        #expect(processes.count == 1)
        #expect(try secrets(in: mount.process.processID) == [])
        // What the search finds where the keys are shows that it can find them.
        let found = try secrets(in: try #require(processes.first))
        #expect(!found.contains { $0.hasPrefix("the ") }, "neither the file nor the passphrase is needed any more")
        for name in ["p", "q", "d"] { #expect(found.contains { $0.hasPrefix("\(name) (little)") }, "\(found)") }
        #expect(try mount.unmount().end == .exited(0))
        #expect(eventually { processes.allSatisfy { kill($0, 0) != 0 } })
    }

    @Test(
        "A content key is in locked memory alone while a file is open and nothing is being decrypted",
        .enabled(if: getuid() == 0 && !Sanitizer.isPresent, "needs root, and a program without a sanitizer"))
    func contentKey() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try MountedAccount(account)
        let file = try account.original("long.wav")
        let open = try FileHandle(forReadingFrom: URL(filePath: mount.path(of: file)))
        #expect(try open.readToEnd()?.count == file.file.size)
        let script = #"""
            jq -r .encryption_details.encrypted_cek "$1" | base64 -d | openssl pkeyutl -decrypt -inkey "$2" \
                -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 | od -An -v -tx1 | tr -d ' \n'
            """#
        let key = try Command.shell(
            script, "\(mount.path)/metadata/recordings/\(file.sid).json", KeyPair.shared.privateKey()
        ).text
        #expect(key.utf8.count == 64)
        var found: [String] = []
        let isLocked = try eventually {
            found = try Python.run(
                "scan_memory", "\(mount.process.processID)", KeyPair.shared.privateKey(), "hex:\(key)",
                usesPackages: true
            ).lines
            return !found.isEmpty && found.allSatisfy { $0.hasSuffix(", locked") }
        }
        #expect(isLocked, "\(found)")
        try open.close()
    }

    @Test("It ends with the mount, also when that is killed, and there is none without keys")
    func end() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let without = try MountedAccount(account, keys: [])
        #expect(try ServingProcess(processID: without.process.processID).keyProcesses == [])
        let mount = try BackgroundMount(account, options: ["--key", KeyPair.shared.privateKey()])
        let process = try #require(try ServingProcess(processID: mount.processID).keyProcesses.first)
        #expect(try Command.require(["ps", "-o", "comm=", "-p", "\(process)"]).lines == ["twiliofs-keys"])
        // What a terminal and a service manager send to all processes.
        for signal in [SIGINT, SIGHUP, SIGTERM, SIGQUIT] { kill(process, signal) }
        #expect(try mount.answers)
        #expect(kill(process, 0) == 0)
        mount.send(SIGKILL)
        #expect(eventually { kill(process, 0) != 0 })
    }

    @Test(
        "When it is killed or crashes, the mount goes on, the status says so, and SIGHUP brings the keys back",
        arguments: [SIGKILL, SIGSEGV])
    func killed(by signal: Int32) throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let (first, other) = (try account.original("long.wav"), try account.original("blocks.mp4"))
        // The survey of keys can't open the other one before the process has ended.
        account.simulator.faults = [FaultRule(.status(503), path: "*\(other.sid)*")]
        let mount = try MountedAccount(account, options: ["--no-probing"])
        let open = try FileHandle(forReadingFrom: URL(filePath: mount.path(of: first)))
        _ = try open.read(upToCount: 1)
        let state = "jq -r .key_process .twiliofs/status.json"
        #expect(try Command.shell(state, directory: mount.path).lines == ["running"])
        let process = try #require(try ServingProcess(processID: mount.process.processID).keyProcesses.first)
        kill(process, signal)
        #expect(mount.hasLogged("the process that holds the private keys was ended by signal \(signal)"))
        #expect(try open.readToEnd() != nil)
        account.simulator.faults = []
        // A young one isn't started again by itself; on a slow machine it may have been old enough.
        if mount.log.contains("read again (SIGHUP)") {
            #expect(try Command.shell(state, directory: mount.path).lines == ["ended"])
            let failed = try Command.run(["cat", mount.path(of: other)])
            #expect(failed.errorText.contains("Input/output error"), "\(failed.errorText)")
            let status = try Command.require([BuiltPrograms.twiliofs, "status", mount.path])
            #expect(status.text.contains("the process that holds the private keys has ended"))
            let lost = try "the private key in '\(KeyPair.shared.privateKey())'"
            #expect(status.text.contains("lost: \(lost)"))
            #expect(
                try Command.shell("jq -r '.lost_keys[].name' .twiliofs/status.json", directory: mount.path).lines
                    == [lost])
            mount.process.send(SIGHUP)
        }
        try wait(until: "the keys are read again") {
            try Command.shell(state, directory: mount.path).lines == ["running"]
        }
        try mount.expectRight(other, within: 20)
        #expect(try ServingProcess(processID: mount.process.processID).keyProcesses.count == 1)
    }

    @Test("A key file that is replaced gets a process of its own, and the former one ends")
    func replaced() throws {
        let folder = try TemporaryFolder()
        let path = try folder.secretFile("key.pem", KeyPair.other.privatePEM)
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try MountedAccount(account, keys: [path])
        let former = try ServingProcess(processID: mount.process.processID).keyProcesses
        try folder.secretFile("key.pem", KeyPair.shared.privatePEM)
        mount.process.send(SIGHUP)
        #expect(mount.hasLogged("was read again and has changed"))
        try wait(until: "there is one process, and another") {
            let now = try ServingProcess(processID: mount.process.processID).keyProcesses
            return now.count == 1 && now != former
        }
        try mount.expectRight(account.original("long.wav"), within: 20)
        if getuid() == 0, !Sanitizer.isPresent { #expect(try secrets(in: mount.process.processID) == []) }
    }

    @Test("Keys of one file that are lost are named while those of another are there")
    func lost() throws {
        let folder = try TemporaryFolder()
        let first = try folder.secretFile("first.pem", KeyPair.other.privatePEM)
        let second = try folder.secretFile("second.pem", KeyPair.shared.privatePEM)
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try MountedAccount(account, keys: [first, second], options: ["--no-probing"])
        let both = try #require(try ServingProcess(processID: mount.process.processID).keyProcesses.first)
        // The second file's keys move to a process of their own.
        try folder.secretFile("second.pem", KeyPair.shared(bits: 3072).privatePEM)
        mount.process.send(SIGHUP)
        #expect(mount.hasLogged("was read again and has changed"))
        // So that the first one can't be read again.
        try FileManager.default.removeItem(atPath: first)
        kill(both, SIGKILL)
        let status = #"jq -r '.key_process, .lost_keys[].name' .twiliofs/status.json"#
        try wait(until: "the lost keys are named") {
            try Command.shell(status, directory: mount.path).lines == ["ended", "the private key in '\(first)'"]
        }
        try folder.secretFile("first.pem", KeyPair.other.privatePEM)
        mount.process.send(SIGHUP)
        try wait(until: "they are there again") {
            try Command.shell(status, directory: mount.path).lines == ["running"]
        }
    }

    @Test(
        "Under a confined mount, a replaced file is read by a process that can open nothing either", .needsLandlock,
        arguments: [false, true])
    func confined(isStrict: Bool) throws {
        let folder = try TemporaryFolder()
        let path = try folder.secretFile("keys/key.pem", KeyPair.other.privatePEM)
        let passphrase = try folder.secretFile("keys/passphrase", KeyPair.passphrase)
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try MountedAccount(
            account, keys: [path],
            options: ["--key-passphrase-file", passphrase] + (isStrict ? ["--strict-permissions"] : []))
        let process = mount.process.processID
        try wait(until: "it is confined") { ServingProcess(processID: process).status("NoNewPrivs") == ["1"] }
        let former = try ServingProcess(processID: process).keyProcesses
        try FileManager.default.removeItem(atPath: path)
        mount.process.send(SIGHUP)
        #expect(mount.hasLogged("can't be read from '\(path)': No such file or directory"))
        try folder.secretFile(
            "keys/key.pem", String(contentsOfFile: KeyPair.shared.privateKey(.encryptedPKCS8), encoding: .utf8))
        chmod(path, 0o644)
        mount.process.send(SIGHUP)
        #expect(mount.hasLogged("can be read by others"))
        if isStrict {
            #expect(!mount.log.contains("has changed"))
            chmod(path, 0o600)
            mount.process.send(SIGHUP)
        }
        #expect(mount.hasLogged("was read again and has changed"))
        try wait(until: "there is one process, and another") {
            let now = try ServingProcess(processID: process).keyProcesses
            return now.count == 1 && now != former
        }
        let files = ProcessFiles(try #require(try ServingProcess(processID: process).keyProcesses.first))
        #expect(files.status("NoNewPrivs") == "1" && files.status("Seccomp") == (Sanitizer.isPresent ? "0" : "2"))
        try mount.expectRight(account.original("long.wav"), within: 20)
        // Only root sees that.
        guard getuid() == 0 else { return }
        #expect(files.descriptors.count == 1 && files.descriptors.values.allSatisfy { $0.hasPrefix("socket:") })
        // The mount has handed the files on, and has read neither; nor has it kept them open.
        #expect(try Sanitizer.isPresent || secrets(in: process) == [])
        #expect(!ProcessFiles(process).descriptors.values.contains { $0.hasPrefix(folder.path("keys")) })
    }

    @Test(
        "A wrapped key with bad padding and one with another content key cause the same requests, error and time",
        arguments: [true, false])
    func oracle(isHeld: Bool) throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let file = try account.original("long.mkv")
        let names = ["bad padding", "another content key"]
        let wrapped = try PythonOracle.perform(
            .wrapPKCS1(publicPEM: KeyPair.shared.publicPEM, bytes: [UInt8](repeating: 5, count: 32)))
        let keys = [[UInt8](repeating: 0x11, count: 256), wrapped].map { Data($0).base64EncodedString() }
        var observations: [[String]] = []
        var times: [[Double]] = []
        for key in keys {
            // Without a proof of the key, no other media may give one.
            let fault = FaultRule(
                .headers(["x-amz-meta-x-amz-key": key]), host: .media,
                path: isHeld ? file.file.mediaPattern(sid: file.sid) : nil, count: nil)
            account.simulator.faults = [fault]
            account.clearRequests()
            let mount = try MountedAccount(account, options: ["--no-probing", "--kinds", "video"])
            try Command.shell("ls video-recordings >/dev/null", directory: mount.path)
            if isHeld { #expect(try mount.checksum(of: account.original("block.mka")) != nil) }
            var seen: [String] = []
            var taken: [Double] = []
            for _ in 0..<5 {
                let start = ContinuousClock.now
                let result = try Command.run(["cat", mount.path(of: file)])
                taken.append((ContinuousClock.now - start) / .seconds(1))
                seen.append(result.errorText.split(separator: ":").last.map(String.init) ?? "")
            }
            // Other media has other requests beside, and the survey of unreadable recordings comes at any time.
            try wait(until: "nothing is requested any more") {
                let count = account.requests.count
                usleep(500_000)
                return account.requests.count == count
            }
            seen += account.requests.filter { $0.path.contains(file.sid) }.map {
                "\($0.method) \($0.path) \($0.range ?? "") \($0.status ?? 0)"
            }.sorted()
            observations.append(seen)
            times.append(taken.sorted())
            account.clearFaults()
        }
        #expect(observations[0] == observations[1], "\(names)")
        #expect(observations[0].count > 5 && observations[0][0] != "")
        // Of five the shortest, and generously: other tests run beside.
        let (one, other) = (times[0][0], times[1][0])
        #expect(max(one, other) < 5 * min(one, other) + 0.2, "\(times)")
    }
}
