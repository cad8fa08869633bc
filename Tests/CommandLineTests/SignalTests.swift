import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite("Signals", .orderly, .enabled(if: KernelSupport.isExpected, Comment(rawValue: KernelSupport.reason)))
struct SignalTests {
    private static let account = Result { try SimulatedAccount(media: TestMedia.small) }

    /// Those that end it on purpose, that can't be caught, that mean a broken process, and the C library's own.
    private static let excepted: Set<Int32> = [
        SIGINT, SIGTERM, SIGQUIT, SIGKILL, SIGSTOP, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP, 32, 33,
    ]

    @Test("A mount in the background answers after every signal that isn't meant to end it")
    func background() throws {
        let mount = try BackgroundMount(try Self.account.get())
        for signal in (1...64 as ClosedRange<Int32>) where !Self.excepted.contains(signal) {
            mount.send(signal)
            #expect(try mount.answers, "signal \(signal)")
        }
    }

    @Test("A mount in the foreground answers after every signal that isn't meant to end it, nor can it be stopped")
    func foreground() throws {
        let mount = try MountedAccount(try Self.account.get(), keys: [])
        for signal in (1...64 as ClosedRange<Int32>) where !Self.excepted.contains(signal) {
            mount.process.send(signal)
            let listing = try Command.run(["ls", mount.path + "/recordings"], seconds: 20)
            #expect(listing.end == .exited(0) && !listing.lines.isEmpty, "signal \(signal)")
        }
    }

    @Test("SIGINT, SIGTERM and SIGQUIT unmount", arguments: [SIGINT, SIGTERM, SIGQUIT])
    func unmounting(_ signal: Int32) throws {
        let mount = try BackgroundMount(try Self.account.get())
        mount.send(signal)
        #expect(eventually { mount.hasEnded })
        #expect(!MountedAccount.isMounted(mount.path))
        #expect(mount.log.contains("unmounted \(mount.path)"))
    }

    @Test("SIGUSR2 switches debug logging on and off, and the log says so")
    func debugLogging() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try BackgroundMount(account)
        let debugLines = { mount.log.split(separator: "\n").count { $0.contains(" debug: ") } }
        let original = try account.original("old.wav")
        let file = mount.path + "/" + original.file.mountedPath(sid: original.sid)

        mount.send(SIGUSR2)
        #expect(eventually { mount.log.contains("notice: debug logging is on") })
        try account.add(faults: #"{"path":"*.wav","count":1,"action":{"type":"reset","afterBytes":10}}"#)
        try Command.require(["cat", file])
        #expect(eventually { debugLines() > 0 }, "\(mount.log)")

        mount.send(SIGUSR2)
        #expect(eventually { mount.log.contains("notice: debug logging is off") })
    }
}
