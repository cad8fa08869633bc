import Glibc
import Support
public import Testing

/// A thread that mounts for itself alone; needs root.
public enum OwnMounts {
    /// Why tests are skipped.
    public static let reason: Comment = "mounts that nobody else sees need root"

    /// Whether there can be one.
    public static let isPossible = getuid() == 0

    /// A step that failed.
    struct Failure: Error {
        let step: String
        let number = errno
    }

    /// Runs code on a thread where one folder is in the place of another; threads that it starts see the same.
    public static func with<Outcome: Sendable>(
        _ folder: String, inPlaceOf place: String, run body: @escaping @Sendable () throws -> Outcome
    ) throws -> Outcome {
        let outcome = Condition<Result<Outcome, any Error>?>(nil)
        let thread = try NamedThread(name: "own-mounts") {
            let result = Result {
                try enterNamespace()
                try check("private", mount("none", "/", nil, UInt(MS_REC) | UInt(MS_PRIVATE), nil))
                try check(place, mount(folder, place, nil, UInt(MS_BIND), nil))
                return try body()
            }
            outcome.change { $0 = result }
        }
        let result = outcome.waitWithoutEnd { $0 }
        thread.join()
        return try result.get()
    }

    private static func enterNamespace() throws {
        // Swift's Glibc lacks it.
        typealias Unshare = @convention(c) (Int32) -> Int32
        guard let symbol = dlsym(nil, "unshare") else { throw Failure(step: "unshare") }
        let newNamespace: Int32 = 0x0002_0000
        try check("unshare", unsafeBitCast(symbol, to: Unshare.self)(newNamespace))
    }

    private static func check(_ step: String, _ result: Int32) throws {
        guard result == 0 else { throw Failure(step: step) }
    }
}
