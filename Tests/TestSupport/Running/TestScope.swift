import Foundation
import Support
import Testing

/// The objects that live as long as one case of a test, and the logs that are searched for secrets at its end.
///
/// Swift may release a local object after its last use. A folder whose path alone is used from then on would vanish
/// while the test still needs it.
public final class TestScope: Sendable {
    /// The scope of the case that runs in this task; nil outside of tests, and on threads that a test starts.
    @TaskLocal static var current: TestScope?

    private let objects = Locked<[any AnyObject & Sendable]>([])
    private let logs = Locked<[String]>([])

    /// Keeps an object until the case ends.
    func keep(_ object: any AnyObject & Sendable) {
        objects.withLock { $0.append(object) }
    }

    /// Has a file searched at the end of the case.
    func search(log path: String) {
        logs.withLock { $0.append(path) }
    }

    /// The lines of the logs that have a secret of this test process.
    var leaks: [String] {
        get throws {
            let paths = logs.withLock(\.self).filter { path in
                // A test may name a pipe or a folder as the log.
                let attributes = try? FileManager.default.attributesOfItem(atPath: path)
                guard attributes?[.type] as? FileAttributeType == .typeRegular else { return false }
                return attributes?[.size] as? Int ?? 0 > 0
            }
            let forms = paths.isEmpty ? [] : SecretRegister.shared.forms
            return forms.isEmpty ? [] : try SecretSearch.lines(with: forms, in: paths)
        }
    }

    /// Fails the test for each line with a secret.
    func reportLeaks() {
        do {
            for line in try leaks { Issue.record("A log has a secret: \(line.prefix(1000))") }
        } catch {
            Issue.record(error, "The logs can't be searched for secrets.")
        }
    }

    /// The leaks of what runs within: for tests of the search itself.
    public static func leaks(of body: () throws -> Void) throws -> [String] {
        let scope = TestScope()
        return try $current.withValue(scope) {
            try body()
            return try scope.leaks
        }
    }
}
