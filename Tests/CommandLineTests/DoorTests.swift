import FileSystem
import Foundation
import Glibc
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

        func unmount(_ path: String) throws(DoorRefusal) {
            asked.withLock { $0.append("unmount \(path)") }
            throw DoorRefusal(kind: 0, sentence: "nothing is mounted on '\(path)'")
        }

        func mountState(of path: String) -> MountState {
            asked.withLock { $0.append("look at \(path)") }
            return .dead
        }
    }

    @Test("It opens and unmounts what it was told before the seal, and nothing else")
    func registeredPathsOnly() {
        let hands = RecordedHands()
        var door = Door(hands: hands)
        #expect(door.answer(.openLogFile).answer == .failed(EPERM))
        #expect(door.answer(.unmount).answer == .failed(EPERM))
        #expect(door.answer(.openSecret("/secrets/token")).answer == .failed(EPERM))
        #expect(door.answer(.findMountState("/mnt")).answer.mountState == .dead)
        #expect(hands.asked.withLock { $0.removeLast() } == "look at /mnt")
        for request in [.addSecret("/secrets/token"), .setLogFile("/log"), .setMountPoint("/mnt"), .seal]
            as [DoorMessage.Request]
        {
            #expect(door.answer(request).answer == .done)
        }
        for request in [
            .addSecret("/etc/shadow"), .setLogFile("/etc/passwd"), .setMountPoint("/"), .findMountState("/mnt"),
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
        #expect(door.answer(.unmount).answer == .refused(0, "nothing is mounted on '/mnt'"))
        #expect(hands.asked.withLock(\.self) == ["read /secrets/token", "append /log", "unmount /mnt"])
    }

    @Test("It takes no more secret files than a mount can have")
    func bound() {
        var door = Door(hands: RecordedHands())
        for number in 0..<Door.mostSecrets { _ = door.answer(.addSecret("/\(number)")) }
        #expect(door.answer(.addSecret("/one-more")).answer == .failed(EPERM))
    }

    @Test("Messages survive the way, and nothing else is one")
    func messages() {
        let requests: [DoorMessage.Request] = [
            .addSecret("/a b"), .setLogFile("/ü"), .setMountPoint("/"), .seal, .openSecret("/x"), .openLogFile,
            .unmount, .findMountState("/mnt"),
        ]
        for request in requests { #expect(DoorMessage.Request(request.bytes) == request) }
        let answers: [DoorMessage.Answer] = [
            .done, .failed(EACCES), .failed(0x7fff_ffff), .refused(255, "a sentence"), .refused(0, ""),
        ]
        for answer in answers { #expect(DoorMessage.Answer(answer.bytes) == answer) }
        for state in [MountState.answering, .dead, .silent] { #expect(DoorMessage.Answer(state).mountState == state) }
        let long = [UInt8](repeating: UInt8(ascii: "x"), count: Int(PATH_MAX))
        for bytes in [
            [], [0], [9], [8], [4, 1], [6, 0], [7, 7], [1], [1, 0x61], [5, 0x2f, 0], [2, 0x2f, 0xff], [1, 0x2f] + long,
        ] as [[UInt8]] {
            #expect(DoorMessage.Request(bytes) == nil, "\(bytes.prefix(5))")
        }
        for bytes in [[], [0, 0], [1], [1, 2, 3], [2], [9, 9]] as [[UInt8]] {
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

    @Test("A person who starts it is told that it isn't for people, and its help isn't shown")
    func byHand() throws {
        let result = try Command.run([BuiltPrograms.twiliofs, "doorkeeper"])
        #expect(result.end == .exited(64))
        #expect(result.errorText.contains("own use"))
        #expect(!(try Command.require([BuiltPrograms.twiliofs, "--help"]).text.contains("doorkeeper")))
    }
}
