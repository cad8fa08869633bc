import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite("A process that gets too little of the system", .orderlyAndLong, .needsFUSE)
struct ScarcityTests {
    @Test(
        "A mount without any free descriptor goes on, and reads once there are some",
        .enabled(if: getuid() == 0, "needs root"))
    func noDescriptors() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try MountedAccount(account)
        #expect(mount.hasLogged("info: mounted"))
        let process = "\(mount.process.processID)"
        try Command.require(["prlimit", "--pid", process, "--nofile=3:"])
        // They may fail, and so may entering the directory.
        try Command.shell(#"for i in 1 2 3 4 5 6 7 8; do cat "$1"/*/*.* >/dev/null & done; wait"#, mount.path)
        // By now, the libraries have started their threads.
        usleep(500_000)
        #expect(mount.process.isRunning, "\(mount.log)")
        try Command.require(["prlimit", "--pid", process, "--nofile=1000:"])
        try mount.expectRight(account.original("long.wav"), within: 30)
    }
}
