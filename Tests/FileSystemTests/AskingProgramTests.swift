import Glibc
import Support
import TestSupport
import Testing

@testable import FileSystem

@Suite("The program that has sent a request", .orderly)
struct AskingProgramTests {
    /// The number of the calling thread.
    private static func currentThreadID() -> pid_t? {
        linkTarget(of: "/proc/thread-self")?.split(separator: "/").last.flatMap { pid_t($0) }
    }

    @Test("It is the process of the thread that asked, by the process's name")
    func anotherThread() throws {
        let found = Locked<(threadID: pid_t, program: AskingProgram)?>(nil)
        let thread = try NamedThread(name: "another") {
            guard let threadID = Self.currentThreadID() else { return }
            let program = AskingProgram(threadID: threadID)
            found.withLock { $0 = (threadID, program) }
        }
        thread.join()
        let (threadID, program) = try #require(found.withLock { $0 })
        #expect(threadID != getpid())
        #expect(program.processID == getpid())
        let name = try Command.require(["cat", "/proc/\(getpid())/comm"]).lines.first
        #expect(program.name.map { "\($0)" } == name)
    }

    @Test("A thread that has ended, or lives in another namespace, keeps its number and has no name")
    func nobody() {
        for threadID in [0, -1, pid_t.max] {
            let program = AskingProgram(threadID: threadID)
            #expect(program.processID == threadID)
            #expect(program.name == nil)
        }
    }
}
