import Support

/// The objects that live as long as one case of a test.
///
/// Swift may release a local object after its last use. A folder whose path alone is used from then on would vanish
/// while the test still needs it.
final class TestScope: Sendable {
    /// The scope of the case that runs in this task; nil outside of tests, and on threads that a test starts.
    @TaskLocal static var current: TestScope?

    private let objects = Locked<[any AnyObject & Sendable]>([])

    /// Keeps an object until the case ends.
    func keep(_ object: any AnyObject & Sendable) {
        objects.withLock { $0.append(object) }
    }
}
