import Glibc
import Support
import Synchronization

/// The pool of all memory for media: a fixed number of equal slots, and a queue of waiting readers.
///
/// Nothing else keeps ciphertext in memory, so the number of slots enforces the limit. Pages are touched when a slot is
/// first used, and the last returned slot is used first: light use takes little memory and keeps the processor's caches
/// warm.
///
/// A waiting reader gets all of its slots at once or none: a reader with slots never waits for more, so readers can't
/// deadlock. Read-ahead is refused while readers wait, and leaves them a reserve.
final class MemoryPool: Sendable {
    /// The use of slots: for a waiting reader, or for bytes that are probably wanted soon.
    enum Purpose { case reader, readAhead }

    private struct Waiter {
        let count: Int
        let grant: @Sendable ([PooledMemory]) -> Void
    }

    private struct State {
        /// The numbers of returned slots.
        var free: [Int] = []

        /// The first slot never used.
        var fresh = 0
        var waiting: [Waiter] = []

        /// Whether waiters get no slots any more.
        var isAbandoned = false
    }

    /// Slots enough for every read: the largest one, widened to whole units of the disk cache, needs 16.
    static let leastSlotCount = 32
    let slotCount: Int

    /// The slots that read-ahead leaves to readers.
    private var reserve: Int { slotCount / 8 }

    private let region: Region
    private let state = Locked(State())

    /// The number of waiters, for queries without the lock; changed under it.
    private let waiterCount = Atomic(0)

    /// Runs work on another thread: slots are returned under other locks; false if it never will.
    private let schedule: @Sendable (@escaping @Sendable () -> Void) -> Bool

    /// The address space of all slots.
    private final class Region: @unchecked Sendable {
        // Safe although unchecked: the pointer never changes, and each slot has one owner, a PooledMemory.
        let base: UnsafeMutableRawPointer
        let byteCount: Int

        init?(byteCount: Int) {
            // The kernel allocates pages when they are first written.
            let address = mmap(
                nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
            guard let address, address != MAP_FAILED else { return nil }
            base = address
            self.byteCount = byteCount
        }

        deinit { munmap(base, byteCount) }
    }

    /// Makes a pool; nil if the address space is lacking.
    ///
    /// - Parameters:
    ///   - byteCount: the limit in bytes; a slot takes a little more than a block.
    ///   - schedule: runs work soon, on a thread without locks of this module; returns false if it drops it.
    init?(byteCount: Int, schedule: @escaping @Sendable (@escaping @Sendable () -> Void) -> Bool) {
        slotCount = byteCount / PooledMemory.stride
        guard slotCount > 0, let region = Region(byteCount: slotCount * PooledMemory.stride) else { return nil }
        self.region = region
        self.schedule = schedule
    }

    var freeCount: Int { state.withLock { freeCount(in: $0) } }
    var hasWaiters: Bool { waiterCount.load(ordering: .acquiring) > 0 }

    /// Takes slots; nil if there are too few, or others wait.
    func take(_ count: Int, for purpose: Purpose) -> [PooledMemory]? {
        state.withLock { state in
            guard state.waiting.isEmpty else { return nil }
            return take(count, leaving: purpose == .reader ? 0 : reserve, from: &state)
        }
    }

    /// Calls `grant` on another thread with `count` slots, after earlier waiters; `count` is at most ``slotCount``.
    ///
    /// After ``abandonWaiters()``, calls it at once without slots.
    func wait(for count: Int, grant: @escaping @Sendable ([PooledMemory]) -> Void) {
        precondition(count <= slotCount)
        var isRefused = false
        serve { state in
            isRefused = state.isAbandoned
            if !isRefused { state.waiting.append(Waiter(count: count, grant: grant)) }
        }
        if isRefused { grant([]) }
    }

    /// Calls `grant` of every waiter on this thread, without slots, and likewise of those to come.
    func abandonWaiters() {
        let waiting = state.withLock { state in
            state.isAbandoned = true
            defer { state.waiting = [] }
            waiterCount.store(0, ordering: .releasing)
            return state.waiting
        }
        for waiter in waiting { waiter.grant([]) }
    }

    fileprivate func giveBack(_ slot: Int) { serve { $0.free.append(slot) } }

    /// Changes the state and grants slots to the waiters that can have them now.
    private func serve(after change: (inout State) -> Void) {
        let served = state.withLock { state -> [(Waiter, [PooledMemory])] in
            change(&state)
            var served: [(Waiter, [PooledMemory])] = []
            while let waiter = state.waiting.first, let memory = take(waiter.count, leaving: 0, from: &state) {
                state.waiting.removeFirst()
                served.append((waiter, memory))
            }
            waiterCount.store(state.waiting.count, ordering: .releasing)
            return served
        }
        for (waiter, memory) in served where !schedule({ waiter.grant(memory) }) {
            // The threads have ended; a reader without slots only fails.
            waiter.grant([])
        }
    }

    private func freeCount(in state: State) -> Int { state.free.count + slotCount - state.fresh }

    private func take(_ count: Int, leaving reserve: Int, from state: inout State) -> [PooledMemory]? {
        guard freeCount(in: state) - reserve >= count else { return nil }
        var taken: [PooledMemory] = []
        taken.reserveCapacity(count)
        for _ in 0..<count {
            let slot: Int
            if let used = state.free.popLast() {
                slot = used
            } else {
                slot = state.fresh
                state.fresh += 1
            }
            taken.append(PooledMemory(slot: slot, base: region.base + slot * PooledMemory.stride, pool: self))
        }
        return taken
    }
}

/// A slot of a ``MemoryPool``, returned at deinitialisation.
final class PooledMemory: @unchecked Sendable {
    // Safe although unchecked: the pointer never changes, and the owning Block orders writes.

    /// The bytes per slot: a cache line that ends with the prefix, and a block.
    static let stride = 64 + Block.size

    /// The block's own bytes, after the prefix.
    let bytes: UnsafeMutableRawPointer

    private let slot: Int

    /// Keeps the region mapped too.
    private let pool: MemoryPool

    fileprivate init(slot: Int, base: UnsafeMutableRawPointer, pool: MemoryPool) {
        self.slot = slot
        bytes = base + 64
        self.pool = pool
    }

    deinit { pool.giveBack(slot) }
}
