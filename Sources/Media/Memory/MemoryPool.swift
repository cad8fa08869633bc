import Glibc
import Support
import Synchronization

/// The one place where memory for media comes from: a fixed number of equal slots, and a queue of those who wait for
/// some.
///
/// The ceiling is kept by construction: there are no more slots than memory was granted for, and nothing else holds
/// ciphertext. Pages are touched when a slot is first used, and the slot that was given back last is used first, so a
/// mount that reads little takes little, and the processor's caches stay warm.
///
/// A reader that can't get its slots is queued, and gets them all at once or none: whoever holds some never waits for
/// more, so readers can't block each other. Read-ahead is refused while anybody waits, and always leaves a reserve for
/// readers.
final class MemoryPool: Sendable {
    /// What slots are wanted for.
    enum Purpose {
        /// Somebody waits for the bytes.
        case reader

        /// The bytes will probably be wanted soon.
        case readAhead
    }

    private struct Waiter {
        let count: Int
        let grant: @Sendable ([PooledMemory]) -> Void
    }

    private struct State {
        /// Numbers of slots that were used and given back.
        var free: [Int] = []

        /// Slots from this one on have never been used.
        var fresh = 0
        var waiting: [Waiter] = []
    }

    /// The least number of slots with which every read can be served: those of the largest read, widened to whole units
    /// of the disk cache.
    static let leastSlotCount = 32

    /// Slots in all.
    let slotCount: Int

    /// Slots that read-ahead leaves for readers: an eighth.
    private var reserve: Int { slotCount / 8 }

    private let region: Region
    private let state = Locked(State())

    /// How many wait, for those who ask without the lock; changes under it alone.
    private let waiterCount = Atomic(0)

    /// Runs a piece of work on another thread: slots are given back under locks of others.
    private let schedule: @Sendable (@escaping @Sendable () -> Void) -> Void

    /// The address space of all slots.
    private final class Region: @unchecked Sendable {
        // Safe although unchecked: the pointer never changes, and each slot has one owner, a PooledMemory.
        let base: UnsafeMutableRawPointer
        let byteCount: Int

        init?(byteCount: Int) {
            // Nothing is taken yet: the kernel gives pages when they are first written to.
            let address = mmap(
                nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
            guard let address, address != MAP_FAILED else { return nil }
            base = address
            self.byteCount = byteCount
        }

        deinit {
            munmap(base, byteCount)
        }
    }

    /// Makes a pool.
    ///
    /// - Parameters:
    ///   - byteCount: the ceiling; slots take a little more than a block.
    ///   - schedule: runs a piece of work soon, on a thread that holds no lock of this module.
    /// - Returns: nil when there is no address space for it.
    init?(byteCount: Int, schedule: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void) {
        slotCount = byteCount / PooledMemory.stride
        guard slotCount > 0, let region = Region(byteCount: slotCount * PooledMemory.stride) else { return nil }
        self.region = region
        self.schedule = schedule
    }

    /// Slots that nobody has.
    var freeCount: Int { state.withLock { freeCount(in: $0) } }

    /// Whether somebody waits for slots.
    var hasWaiters: Bool { waiterCount.load(ordering: .acquiring) > 0 }

    /// Gives slots, all or none.
    ///
    /// - Returns: nil when there aren't so many, or when others have waited longer.
    func take(_ count: Int, for purpose: Purpose) -> [PooledMemory]? {
        state.withLock { state in
            guard state.waiting.isEmpty else { return nil }
            return take(count, leaving: purpose == .reader ? 0 : reserve, from: &state)
        }
    }

    /// Gives slots as soon as there are so many, after those who have waited longer.
    ///
    /// - Parameters:
    ///   - count: no more than ``slotCount``.
    ///   - grant: gets the slots, on another thread.
    func wait(for count: Int, grant: @escaping @Sendable ([PooledMemory]) -> Void) {
        precondition(count <= slotCount)
        serve { $0.waiting.append(Waiter(count: count, grant: grant)) }
    }

    /// Lets go of everybody who waits: they get nothing, and never will.
    func abandonWaiters() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            waiterCount.store(0, ordering: .releasing)
            return state.waiting
        }
        for waiter in waiting { waiter.grant([]) }
    }

    fileprivate func giveBack(_ slot: Int) {
        serve { $0.free.append(slot) }
    }

    /// Changes the state and hands slots to those who can have them now.
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
        for (waiter, memory) in served { schedule { waiter.grant(memory) } }
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

/// One slot of a ``MemoryPool``, until nothing refers to it any more.
final class PooledMemory: @unchecked Sendable {
    // Safe although unchecked: the pointer never changes; who writes where is the business of the one Block that has
    // it.

    /// Bytes from one slot to the next: a block, and a cache line whose end is the block's prefix.
    static let stride = 64 + Block.size

    /// Where the block's own bytes begin, after the prefix.
    let bytes: UnsafeMutableRawPointer

    private let slot: Int

    /// Keeps the region mapped as well.
    private let pool: MemoryPool

    fileprivate init(slot: Int, base: UnsafeMutableRawPointer, pool: MemoryPool) {
        self.slot = slot
        bytes = base + 64
        self.pool = pool
    }

    deinit {
        pool.giveBack(slot)
    }
}
