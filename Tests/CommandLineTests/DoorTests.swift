import Credentials
import Envelope
import FileSystem
import Foundation
import Glibc
import KeyProcess
import Support
import TestSupport
import Testing

@testable import twiliofs

@Suite("The doorkeeper", .orderly)
struct DoorTests {
    /// Remembers what it was asked for.
    private final class RecordedHands: Door.Hands, Sendable {
        let asked = Locked<[String]>([])

        func openSecret(_ path: String) -> Int32 {
            asked.withLock { $0.append("read \(path)") }
            return open("/dev/null", O_RDONLY)
        }

        func openLogFile(_ path: String) throws(Failure) -> Int32 {
            asked.withLock { $0.append("append \(path)") }
            throw Failure(.configuration, "the log file '\(path)' is full")
        }

        func unmount(_ mount: MountIdentity) throws(DoorRefusal) {
            asked.withLock { $0.append("unmount \(mount.path)") }
            throw DoorRefusal(kind: 0, sentence: "nothing is mounted on '\(mount.path)'")
        }

        func mountState(of path: String) -> MountState {
            asked.withLock { $0.append("look at \(path)") }
            return .dead
        }

        func stamp(of path: String) -> FileStamp? {
            asked.withLock { $0.append("find \(path)") }
            return FileStamp([1, 2, 3, 4, 5, 6, 7])
        }

        func startKeyProcess(_ reading: KeyReading) throws(SystemError) -> (socket: Int32, processID: Int32) {
            asked.withLock { $0.append("have \(reading.file.path) read") }
            return (open("/dev/null", O_RDONLY), Int32(asked.withLock(\.count)))
        }

        func end(of process: Int32, within patience: Duration) -> ProcessEnd? {
            // Those with an odd number have ended.
            process.isMultiple(of: 2) ? nil : .killed(signal: 9)
        }
    }

    /// A reading of a file that is read again.
    private static func reading(_ path: String, passphraseFile: String? = nil) -> KeyReading {
        KeyReading(
            KeyFileRequest(path: path, purpose: .unwrapping(use: .voice, publicKeySID: nil)),
            ReadingSettings(
                isStrict: false, isFirstTime: false, credentialsFolder: nil, passphraseFile: passphraseFile))
    }

    private static let mount = MountIdentity(path: "/mnt", device: "0:50")

    @Test("It unmounts the mount that it was told before the seal, and no other")
    func registeredMountOnly() {
        let hands = RecordedHands()
        var door = Door(.mounts, hands: hands)
        #expect(door.answer(.findMountState("/mnt")).answer.mountState == .dead)
        #expect(door.answer(.setMount(Self.mount)).answer == .done)
        // One that fails to start.
        let failing = MountIdentity(path: "/mnt", device: "0:49")
        #expect(door.answer(.unmount(failing)).answer == .refused(0, "nothing is mounted on '/mnt'"))
        #expect(door.answer(.seal).answer == .done)
        hands.asked.withLock { $0.removeAll() }
        for request in [
            .setMount(failing), .unmount(failing), .unmount(MountIdentity(path: "/", device: "0:50")),
            .findMountState("/mnt"),
        ] as [DoorMessage.Request] {
            #expect(door.answer(request).answer == .failed(EPERM))
        }
        #expect(hands.asked.withLock(\.self) == [])
        #expect(door.answer(.unmount(Self.mount)).answer == .refused(0, "nothing is mounted on '/mnt'"))
        #expect(hands.asked.withLock(\.self) == ["unmount /mnt"])
    }

    @Test("The one for mounts opens no file, and the one for files unmounts nothing")
    func duties() {
        let requests: [DoorMessage.Request] = [
            .addSecret("/x"), .setLogFile("/x"), .openSecret("/x"), .openLogFile, .addKeyFile(Self.reading("/x")),
            .startKeyProcess(Self.reading("/x")), .findEnd(processID: 1), .findStamp("/x"), .setMount(Self.mount),
            .unmount(Self.mount), .findMountState("/mnt"),
        ]
        for duty in DoorDuty.allCases {
            let hands = RecordedHands()
            var door = Door(duty, hands: hands)
            for request in requests where request.duty != duty {
                let (answer, descriptor) = door.answer(request)
                #expect(answer == .failed(EPERM) && descriptor == nil, "\(request)")
            }
            #expect(hands.asked.withLock(\.self) == [])
        }
        #expect(requests.count { $0.duty == .mounts } == 3 && requests.count { $0.duty == .files } == 8)
    }

    @Test("It opens what it was told before the seal, and nothing else")
    func registeredPathsOnly() {
        let hands = RecordedHands()
        var door = Door(.files, hands: hands)
        #expect(door.answer(.openLogFile).answer == .failed(EPERM))
        #expect(door.answer(.openSecret("/secrets/token")).answer == .failed(EPERM))
        for request in [.addSecret("/secrets/token"), .setLogFile("/log"), .seal] as [DoorMessage.Request] {
            #expect(door.answer(request).answer == .done)
        }
        for request in [
            .addSecret("/etc/shadow"), .setLogFile("/etc/passwd"), .addKeyFile(Self.reading("/etc/shadow")),
            .startKeyProcess(Self.reading("/etc/shadow")),
            .findStamp("/etc/shadow"), .findEnd(processID: 1),
        ] as [DoorMessage.Request] {
            #expect(door.answer(request).answer == .failed(EPERM))
        }
        for path in ["/etc/shadow", "/secrets", "/secrets/token/", "/secrets/../secrets/token", "/secrets/token2"] {
            #expect(door.answer(.openSecret(path)).answer == .failed(EPERM))
        }
        #expect(hands.asked.withLock(\.self) == [])
        let (answer, descriptor) = door.answer(.openSecret("/secrets/token"))
        #expect(answer == .done && descriptor != nil)
        if let descriptor { close(descriptor) }
        #expect(door.answer(.openLogFile).answer == .refused(17, "the log file '/log' is full"))
        #expect(hands.asked.withLock(\.self) == ["read /secrets/token", "append /log"])
    }

    @Test("A file with private keys goes to key processes alone, and only as it was expected")
    func keyFiles() {
        let hands = RecordedHands()
        var door = Door(.files, hands: hands)
        let reading = Self.reading("/keys/1", passphraseFile: "/keys/passphrase")
        for request in [.addKeyFile(reading), .seal] as [DoorMessage.Request] {
            #expect(door.answer(request).answer == .done)
        }
        for path in ["/keys/1", "/keys/passphrase"] {
            let (answer, descriptor) = door.answer(.openSecret(path))
            #expect(answer == .failed(EPERM) && descriptor == nil)
        }
        for other in [
            Self.reading("/keys/1"), Self.reading("/keys/2", passphraseFile: "/keys/passphrase"),
            KeyReading(KeyFileRequest(path: "/keys/1", purpose: .signing), reading.settings),
        ] {
            #expect(door.answer(.startKeyProcess(other)).answer == .failed(EPERM))
        }
        #expect(hands.asked.withLock(\.self) == [])
        #expect(door.answer(.findStamp("/keys/1")).answer == .stamp(FileStamp([1, 2, 3, 4, 5, 6, 7])!))
        let (answer, descriptor) = door.answer(.startKeyProcess(reading))
        #expect(answer == .started(processID: 2) && descriptor != nil)
        if let descriptor { close(descriptor) }
        #expect(hands.asked.withLock(\.self) == ["find /keys/1", "have /keys/1 read"])
    }

    @Test("The end of each key process is told once, and it starts no more than a mount can need")
    func keyProcesses() {
        var door = Door(.files, hands: RecordedHands())
        let reading = Self.reading("/keys/1")
        _ = door.answer(.addKeyFile(reading))
        func start() -> DoorMessage.Answer {
            let (answer, descriptor) = door.answer(.startKeyProcess(reading))
            if let descriptor { close(descriptor) }
            return answer
        }
        #expect(start() == .started(processID: 1))
        #expect(door.answer(.findEnd(processID: 1)).answer == .ended(.killed(signal: 9)))
        #expect(door.answer(.findEnd(processID: 1)).answer == .failed(EPERM))
        #expect(start() == .started(processID: 2))
        #expect(door.answer(.findEnd(processID: 2)).answer == .failed(ETIMEDOUT))
        // Those that have ended make room: 2, 4, 6 and 8 run.
        for number in 3...8 { #expect(start() == .started(processID: Int32(number))) }
        for _ in 0..<3 { #expect(start() == .failed(EAGAIN)) }
    }

    @Test("A real one has a key read by a process of which the mount gets a socket alone")
    func realKeyProcess() throws {
        let doorkeeper = try Doorkeeper(for: nil, program: BuiltPrograms.twiliofs)
        let processes = doorkeeper.processIDs
        defer {
            for process in processes {
                kill(process, SIGKILL)
                _ = try? ProcessEnd(of: process)
            }
        }
        let folder = try TemporaryFolder()
        let path = try folder.secretFile("key.pem", KeyPair.shared.privatePEM)
        let reading = Self.reading(path)
        doorkeeper.expectKeyFile(reading)
        try doorkeeper.seal()
        doorkeeper.expectKeyFile(Self.reading("/etc/shadow"))
        #expect(throws: SystemError.self) { try doorkeeper.startKeyProcess(Self.reading("/etc/shadow")) }
        #expect(doorkeeper.openSecret(path, flags: O_RDONLY) == -1 && errno == EPERM)
        #expect(doorkeeper.stamp(of: path) == FileStamp(of: path))
        let process = try doorkeeper.startKeyProcess(reading)
        let contents = try process.contents { _ in }
        let key = try PrivateKey(pem: SecretBytes(Array(KeyPair.shared.privatePEM.utf8)), passphrase: nil)
        #expect(contents.keys.map(\.publicKeyFingerprint) == [key.publicKeyFingerprint])
        _ = try process.confinement()
        let descriptors = ProcessFiles(process.processID).descriptors.values
        #expect(getuid() != 0 || descriptors.allSatisfy { $0.hasPrefix("socket:") }, "\(descriptors)")
        let end = Locked<ProcessEnd?>(nil)
        process.whenEnded { told in end.withLock { $0 = told } }
        kill(process.processID, SIGKILL)
        #expect(eventually { end.withLock(\.self) == .killed(signal: SIGKILL) })
        // Whoever asks later is told, too.
        let later = Locked<ProcessEnd?>(nil)
        process.whenEnded { told in later.withLock { $0 = told } }
        #expect(later.withLock(\.self) == .killed(signal: SIGKILL))
        // A file that isn't there any more gives the reason, and the process of the failure ends.
        try FileManager.default.removeItem(atPath: path)
        let failing = try doorkeeper.startKeyProcess(reading)
        let failure = try #require(throws: KeyFileFailure.self) { _ = try failing.contents { _ in } }
        #expect(failure.message.contains("can't be read from '\(path)': No such file or directory"))
    }

    @Test("It takes no more secret files than a mount can have")
    func bound() {
        var door = Door(.files, hands: RecordedHands())
        for number in 0..<Door.mostSecrets { _ = door.answer(.addSecret("/\(number)")) }
        #expect(door.answer(.addSecret("/one-more")).answer == .failed(EPERM))
        for number in 0..<Door.mostSecrets { _ = door.answer(.addKeyFile(Self.reading("/\(number)"))) }
        #expect(door.answer(.addKeyFile(Self.reading("/one-more"))).answer == .failed(EPERM))
    }

    @Test("Messages survive the way, and nothing else is one")
    func messages() {
        let requests: [DoorMessage.Request] = [
            .addSecret("/a b"), .setLogFile("/ü"), .setMount(MountIdentity(path: "/", device: "0:1")), .seal,
            .openSecret("/x"), .openLogFile,
            .unmount(MountIdentity(path: "/ü ö", device: "4095:1048575")), .findMountState("/mnt"),
            .addKeyFile(Self.reading("/k", passphraseFile: "/p")),
            .startKeyProcess(Self.reading("/ü")), .findEnd(processID: .max), .findStamp("/x"),
        ]
        for request in requests { #expect(DoorMessage.Request(request.bytes) == request) }
        let answers: [DoorMessage.Answer] = [
            .done, .failed(EACCES), .failed(0x7fff_ffff), .refused(255, "a sentence"), .refused(0, ""),
            .started(processID: 4711), .ended(.exited(3)), .ended(.killed(signal: 11)),
            .stamp(FileStamp([-1, .min, .max, 4, 5, 6, 7])!),
        ]
        for answer in answers { #expect(DoorMessage.Answer(answer.bytes) == answer) }
        for state in [MountState.answering, .dead, .silent] { #expect(DoorMessage.Answer(state).mountState == state) }
        let long = [UInt8](repeating: UInt8(ascii: "x"), count: Int(PATH_MAX))
        for bytes in [
            [], [0], [9], [10, 1], [13], [8], [11, 1, 2, 3], [12], [4, 1], [6, 0], [7, 7], [1], [1, 0x61],
            [5, 0x2f, 0], [2, 0x2f, 0xff], [1, 0x2f] + long, [7], [3, 0x2f], [7, 0, 0x2f], [7] + "0:1".utf8 + [0],
            [7] + "0:".utf8 + [0, 0x2f], [3] + "a:1".utf8 + [0, 0x2f], [3] + "0:1".utf8 + [0, 0x61],
        ] as [[UInt8]] {
            #expect(DoorMessage.Request(bytes) == nil, "\(bytes.prefix(5))")
        }
        for bytes in [[], [0, 0], [1], [1, 2, 3], [2], [9, 9], [3, 1], [4], [5, 1]] as [[UInt8]] {
            #expect(DoorMessage.Answer(bytes) == nil)
        }
        var generator = SeededGenerator(seed: 13)
        for _ in 0..<10_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            if let request = DoorMessage.Request(bytes) { #expect(request.bytes == bytes) }
            if let answer = DoorMessage.Answer(bytes), case .failed = answer { #expect(answer.bytes == bytes) }
        }
    }

    @Test("Who waits for an answer gives up in time, and an answer that comes too late is discarded with its file")
    func lateAnswer() throws {
        let (own, other) = try DoorSocket.pair()
        let line = DoorLine(socket: own)
        defer { close(other) }
        #expect(line.ask(.openLogFile, within: .milliseconds(50)).answer == .failed(ETIMEDOUT))
        // It isn't asked again, and nobody waits again.
        let start = ContinuousClock.now
        for _ in 0..<3 { #expect(line.ask(.openLogFile, within: .seconds(600)).answer == .failed(ETIMEDOUT)) }
        #expect(ContinuousClock.now - start < .seconds(300))
        let first = try #require(DoorSocket.receive(other))
        #expect(DoorMessage.Request(first.bytes) == .openLogFile)
        #expect(!DoorSocket.wait(for: other, until: .now))
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        defer { close(ends[0]) }
        #expect(DoorSocket.send(first.number, DoorMessage.Answer.done.bytes, with: ends[1], on: other))
        close(ends[1])
        let server = try NamedThread(name: "late") {
            guard let second = DoorSocket.receive(other) else { return }
            // A number that nobody has asked with.
            _ = DoorSocket.send(second.number &+ 7, DoorMessage.Answer.failed(1).bytes, on: other)
            _ = DoorSocket.send(second.number, DoorMessage.Answer.failed(ENOENT).bytes, on: other)
        }
        let (answer, descriptor) = line.ask(.openLogFile, within: .seconds(60))
        #expect(answer == .failed(ENOENT) && descriptor == nil)
        server.join()
        var byte: UInt8 = 0
        #expect(read(ends[0], &byte, 1) == 0, "the late file is closed")
        shutdown(other, Int32(SHUT_RDWR))
        #expect(line.ask(.openLogFile, within: .seconds(60)).answer == .failed(EPIPE))
    }

    @Test("A message with several descriptors is refused, and leaves none of them open")
    func severalDescriptors() throws {
        let (own, other) = try DoorSocket.pair()
        defer { for socket in [own, other] { close(socket) } }
        var ends: [[Int32]] = []
        for _ in 0..<2 {
            var pair: [Int32] = [-1, -1]
            #expect(pipe(&pair) == 0)
            ends.append(pair)
        }
        defer { for pair in ends { close(pair[0]) } }
        var bytes: [UInt8] = [0, 0, 0, 0, 0]
        // The head of a control message (cmsg(3)): its length, SOL_SOCKET, SCM_RIGHTS.
        var control = withUnsafeBytes(of: 16 + 2 * 4, Array.init)
        for number in [Int32(1), 1, ends[0][1], ends[1][1]] { control += withUnsafeBytes(of: number, Array.init) }
        let sent = bytes.withUnsafeMutableBytes { bytes in
            control.withUnsafeMutableBytes { control in
                var part = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                return withUnsafeMutablePointer(to: &part) { part in
                    var message = msghdr()
                    (message.msg_iov, message.msg_iovlen) = (part, 1)
                    (message.msg_control, message.msg_controllen) = (control.baseAddress, control.count)
                    return sendmsg(own, &message, 0)
                }
            }
        }
        #expect(sent == 5)
        for pair in ends { close(pair[1]) }
        #expect(DoorSocket.receive(other) == nil)
        for pair in ends {
            var readers = pollfd(fd: pair[0], events: Int16(POLLIN), revents: 0)
            #expect(poll(&readers, 1, 0) == 1 && readers.revents & Int16(POLLHUP) != 0, "it is closed")
        }
    }

    @Test("The end of a key process that comes before anybody wants to know is told later")
    func earlyEnd() {
        let processes = KeyProcesses(doorkeeper: nil)
        processes.note(.killed(signal: SIGKILL), age: .seconds(3))
        let told = Locked<[String]>([])
        processes.whenEnded { sentence, mayReadAgain in told.withLock { $0.append("\(sentence) \(mayReadAgain)") } }
        #expect(told.withLock(\.count) == 1 && told.withLock { $0[0].contains("signal 9") && $0[0].hasSuffix("false") })
        processes.note(.exited(1), age: .seconds(60))
        #expect(told.withLock(\.count) == 2)
    }

    @Test("A person who starts it is told that it isn't for people, and its help isn't shown")
    func byHand() throws {
        let result = try Command.run([BuiltPrograms.twiliofs, "doorkeeper"])
        #expect(result.end == .exited(64))
        #expect(result.errorText.contains("own use"))
        #expect(!(try Command.require([BuiltPrograms.twiliofs, "--help"]).text.contains("doorkeeper")))
    }
}
