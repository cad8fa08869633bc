import Catalog
import Support
import TestSupport

@testable import Sync

extension ListWorld {
    func possibleEvents() -> [SeededEvent] {
        var events: [SeededEvent] = []
        for (task, run) in running.sorted(by: { "\($0.key)" < "\($1.key)" }) { events += self.events(of: task, run) }
        guard !isHealthy else { return events.isEmpty ? lastEvents : events }
        events.append(SeededEvent("somebody asks") { self.ask() })
        events.append(SeededEvent("look") { self.look(idle: self.isOnce(in: 6) ? 400 : 0) })
        events.append(SeededEvent("recordings", weight: 6) { self.change() })
        let seconds = Int64(number(1...(isOnce(in: 5) ? 100_000 : 100)))
        events.append(SeededEvent("\(seconds) s pass", weight: 5) { self.pass(seconds) })
        events.append(SeededEvent("one is found", weight: 1) { self.find() })
        events.append(SeededEvent("remount", weight: 1) { self.remount() })
        let start = now - Int64(number(0...2_000_000))
        let end = isOnce(in: 2) ? Int64.max : start + Int64(number(1...2_000_000))
        events.append(SeededEvent("mount \(start - now)...", weight: 1) { self.remount(showing: start..<end) })
        events.append(SeededEvent("credentials", weight: 1) { self.schedule.credentialsDidChange() })
        events.append(SeededEvent("refusal: \(!isRefused)", weight: isRefused ? 3 : 1) { self.isRefused.toggle() })
        if isOnce(in: 4) { events.append(SeededEvent("loss", weight: 1) { self.loseCatalog() }) }
        return events
    }

    func pass(_ seconds: Int64) {
        now += seconds
        instant += .seconds(seconds)
    }

    private func events(of task: SyncTask, _ run: Running) -> [SeededEvent] {
        var events: [SeededEvent] = []
        if run.isConfirming {
            events.append(SeededEvent("\(task): one alone", weight: 8) { self.confirm(run) })
        } else if !run.answers.isEmpty {
            let index = number(0...(run.answers.count - 1))
            events.append(SeededEvent("\(task): page", weight: 10) { self.take(task, index) })
        } else {
            problems.append("\(task) waits for nothing")
        }
        if !isHealthy {
            events.append(
                SeededEvent("\(task) fails", weight: isRefused ? 8 : 1) {
                    self.finish(run, .failure(self.failure(isRefusal: self.isRefused)))
                })
        }
        return events
    }

    /// In a healthy world, whoever asks gets the whole list.
    private var lastEvents: [SeededEvent] {
        // A list that turns out to be in another order is fetched anew.
        if hasAskedAtEnd, !schedule.isComplete, running.isEmpty {
            return [SeededEvent("look at the end") { self.look(idle: 0) }]
        }
        guard !hasAskedAtEnd else { return [] }
        return [
            SeededEvent("somebody asks at the end") {
                self.hasAskedAtEnd = true
                self.pass(10_000)
                self.ask()
                self.look(idle: 0)
            }
        ]
    }

    // MARK: Invariants

    func faults() -> [String] {
        var faults = problems
        if Set(running.keys) != schedule.running {
            faults.append("\(running.keys) run, and \(schedule.running) are noted")
        }
        if !waiting.isEmpty, running[.fill] == nil, running[.refresh] == nil {
            faults.append("\(waiting.count) wait although nothing is fetched")
        }
        if let next = schedule.nextExpiry, next > instant + .seconds(3) { faults.append("a deadline is \(next)") }
        // What was there when the list was last brought up to date is in the catalog.
        if schedule.isComplete, let refreshed = schedule.refreshed {
            for item in list.items
            where shown.contains(item.created) && item.created < refreshed && store.items[item.number] == nil {
                faults.append("a complete list lacks \(item.number), created \(refreshed - item.created) s before")
                break
            }
        }
        if schedule.isComplete {
            for (number, time) in vanished
            where time < store.lastPassBegun && !outdated.contains(number)
                && store.items[number].map(store.lastPassTimes.contains) ?? false
            {
                faults.append("\(number) is shown although it vanished before the last pass")
                break
            }
        }
        return faults
    }

    func becomeHealthy() {
        isHealthy = true
        isRefused = false
        schedule.credentialsDidChange()
        // What mounts that show a part have noted keeps nothing from one that shows everything.
        if window != Int64.min..<Int64.max { remount() }
    }

    func faultsAtRest() -> [String] {
        var faults = faults()
        if !waiting.isEmpty { faults.append("\(waiting.count) wait for ever") }
        if !schedule.isComplete { faults.append("the list isn't complete") }
        let lost = list.items.filter { store.items[$0.number] == nil }
        if !lost.isEmpty { faults.append("\(lost.count) recordings are missing at the end") }
        return faults
    }
}
