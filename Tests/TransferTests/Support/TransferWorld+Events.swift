import Support
import TestSupport

@testable import Transfer

extension TransferWorld {
    func possibleEvents() -> [SeededEvent] {
        var events: [SeededEvent] = []
        if !isHealthy {
            if items.count < 6 { events.append(SeededEvent("begin") { self.begin() }) }
            let host = number(0...2)
            events.append(
                SeededEvent("host \(host) goes or comes", weight: 1) { self.setDown(host, !self.down.contains(host)) })
            let isThere = isOnce(in: 2)
            events.append(SeededEvent("credential: \(isThere)", weight: 1) { self.credential.set(isThere) })
        }
        if !items.isEmpty {
            events.append(SeededEvent("queue") { self.startQueued() })
            let step = Duration.milliseconds(number(1...(isHealthy ? 400 : 3000)))
            events.append(
                SeededEvent("\(step) pass", weight: 2) {
                    self.now = self.now.advanced(by: step)
                    self.fireDeadlines()
                })
            events.append(SeededEvent("next deadline") { self.passToDeadline() })
        }
        for item in sorted { events += self.events(of: item) }
        return events
    }

    private func passToDeadline() {
        let deadlines = sorted.compactMap(\.machine.deadline) + [queue.wakeTime(now: now)].compactMap(\.self)
        guard let next = deadlines.min() else { return }
        now = max(now, next)
        fireDeadlines()
    }

    private func events(of item: Item) -> [SeededEvent] {
        let name = "\(item.id)"
        var events: [SeededEvent] = []
        func add(_ text: String, weight: Int = 4, _ happen: @escaping () -> Void) {
            events.append(SeededEvent("\(name) \(text)", weight: weight, happen: happen))
        }
        let isAsked = item.isAsking
        if isAsked || !isHealthy {
            // An answer that nobody waits for is of no effect.
            add("address", weight: isAsked ? 8 : 1) {
                item.isAsking = false
                let fails = !self.isHealthy && self.isOnce(in: 12)
                let result: Result<Address, any Error> =
                    fails ? .failure(TransferError.cancelled) : .success(self.placeForDownloads())
                self.carryOut(item.machine.addressArrived(result, now: self.now), for: item)
            }
        }
        let isAskedForCredential = item.isAskingForCredential
        if isAskedForCredential || !isHealthy {
            add("credential", weight: isAskedForCredential ? 8 : 1) {
                item.isAskingForCredential = false
                let results: [Result<Bool, any Error>] = [
                    .success(true), .success(false), .failure(TransferError.cancelled),
                ]
                let result = results[self.isHealthy ? 0 : self.number(0...2)]
                self.carryOut(item.machine.credentialArrived(result, now: self.now), for: item)
            }
        }
        let priority = Priority.allCases[number(0...2)]
        add("is raised to \(priority)", weight: 1) {
            guard priority > item.plan.priority else { return }
            item.plan.priority = priority
            item.lastProgress = max(item.lastProgress, self.now)
            self.queue.raise(item.id, to: priority, turn: item.turn)
            self.carryOut(item.machine.raise(to: priority, now: self.now), for: item)
            if let request = item.queued { self.heedPause(item, request.lane) }
        }
        if !isHealthy { add("cancel", weight: 1) { self.carryOut(item.machine.cancel(), for: item) } }
        guard let wire = item.exchange else { return events }
        if !wire.isConnected {
            let isDown = down.contains(host(wire.request.address))
            if !isDown { add("connects", weight: 8) { self.connect(item) } }
            if isDown || !isHealthy && isOnce(in: 4) {
                add("can't connect") { self.end(item, .failure(TransferError(.cannotConnect, "Simulated."))) }
            }
        } else if !wire.hasHead {
            add("head", weight: 8) { self.answer(item) }
        } else if !wire.body.isEmpty {
            add("bytes", weight: 8) { self.receive(item, self.number(1...80)) }
        } else if wire.isWhole {
            add("end", weight: 8) { self.end(item, .success(())) }
        }
        if wire.isConnected, !isHealthy || !wire.isWhole {
            add("breaks", weight: isHealthy ? 8 : 1) {
                self.end(item, .failure(TransferError(.connectionLost, "Simulated.")))
            }
        }
        return events
    }

    /// The server's answer to a request.
    private func answer(_ item: Item) {
        guard var wire = item.exchange else { return }
        let resource = Self.resource
        let size = Int64(resource.count)
        var (status, fields, body): (Int, [(String, String)], [UInt8]) = (
            200, [("Content-Length", "\(size)")], resource
        )
        if let asked = wire.request.range {
            let range: Range<Int64> =
                switch asked {
                case .bytes(let range): range
                case .from(let offset): offset..<size
                case .suffix(let count): (size - count)..<size
                }
            if range.isEmpty {
                (status, fields, body) = (416, [("Content-Range", "bytes */\(size)")], [])
            } else if isHealthy || !isOnce(in: 8) {
                status = 206
                body = Array(resource[Int(range.lowerBound)..<Int(range.upperBound)])
                fields = [
                    ("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"),
                    ("Content-Length", "\(range.count)"),
                ]
            }
        }
        if !isHealthy {
            switch number(0...11) {
            case 0: (status, fields, body) = (503, [], [1, 2, 3])
            case 1: (status, fields, body) = (429, isOnce(in: 2) ? [] : [("Retry-After", "\(number(0...4))")], [])
            case 2: (status, fields, body) = (403, [], [1])
            case 3: (status, fields, body) = (404, [], [1])
            case 4: (status, fields, body) = (302, [("Location", "http://127.0.0.\(number(1...3))/other")], [1, 2])
            case 5: (status, fields, body) = (401, [], [])
            case 6:
                // Other bytes than were asked for.
                (status, fields) = (206, [("Content-Range", "bytes 3-5/300"), ("Content-Length", "3")])
                body = [9, 9, 9]
            default: break
            }
            if isOnce(in: 6) {
                body = Array(body.prefix(number(0...body.count)))
                wire.isWhole = false
            }
        }
        wire.hasHead = true
        wire.body = body
        item.exchange = wire
        let head = ResponseHead(status: status, headers: HeaderFields(fields), address: wire.request.address)
        let retryAfter = fields.first { $0.0 == "Retry-After" }.flatMap { Int($0.1) }.map { Duration.seconds($0) }
        item.outcome = status == 429 ? .refused(retryAfter: retryAfter) : .processed
        carryOut(item.machine.headArrived(head, retryAfter: retryAfter, now: now), for: item)
    }

    // MARK: Invariants

    func faults() -> [String] {
        var faults = problems
        let running = items.values.filter { $0.exchange != nil }
        if queue.runningCount != running.count {
            faults.append("\(queue.runningCount) exchanges are admitted, and \(running.count) run")
        }
        let toAccount = running.count { $0.isToAccount }
        if queue.limiter.running != toAccount {
            faults.append("the limiter counts \(queue.limiter.running), not \(toAccount)")
        }
        if running.count > maximalRunning { faults.append("too many exchanges run") }
        if !(1...queue.limiter.maximum).contains(queue.limiter.limit) {
            faults.append("the limit is \(queue.limiter.limit)")
        }
        if queue.waitingCounts.values.reduce(0, +) != items.values.count(where: { $0.queued != nil }) {
            faults.append("the queue has other exchanges than those that wait")
        }
        for breaker in reachability.known {
            guard case .halfOpen(let since) = breaker.state else { continue }
            let isThere = running.contains {
                $0.connecting == since && $0.exchange?.request.lane.origin == breaker.origin
            }
            if !isThere { faults.append("nobody makes the attempt that \(breaker.origin) waits for") }
        }
        for item in sorted { faults += self.faults(of: item) }
        return faults
    }

    private func faults(of item: Item) -> [String] {
        var faults: [String] = []
        let (isQueued, isRunning) = (item.queued != nil, item.exchange != nil)
        let waits: Bool
        var isTimed = true
        switch item.machine.state {
        case .idle, .ended: waits = false
        case .awaitingAddress: waits = item.isAsking || isHealthy == false
        case .awaitingCredential: waits = item.isAskingForCredential || isHealthy == false
        case .backingOff, .awaitingHost: waits = !isQueued && !isRunning
        case .exchanging(let attempt):
            if case .queued = attempt.phase {
                waits = isQueued && !isRunning
                isTimed = !item.isBackground
            } else {
                waits = isRunning && !isQueued
            }
            if attempt.redirects > TransferAttempt.maximalRedirects {
                faults.append("\(item.id) is redirected too often")
            }
        }
        if !waits { faults.append("\(item.id) is forgotten in \(item.machine.state)") }
        if isTimed, item.machine.deadline == nil { faults.append("\(item.id) waits without a deadline") }
        var isReceiving = false
        if case .exchanging(let attempt) = item.machine.state, case .receiving = attempt.phase { isReceiving = true }
        // Deadlines have been looked at for each time that has passed.
        // An address that arrives in its time of grace is looked at with the next deadline.
        let longest = patience.giveUp + TransferStateMachine.graceOfSources
        if isTimed, !isReceiving, item.lastProgress.duration(to: now) > longest {
            faults.append(
                "\(item.id) waits for \(item.lastProgress.duration(to: now)) without progress in \(item.machine.state)")
        }
        return faults
    }

    func becomeHealthy() {
        isHealthy = true
        down = []
        credential.set(true)
    }

    func faultsAtRest() -> [String] {
        var faults = faults()
        if !items.isEmpty { faults.append("\(items.count) transfers don't end") }
        for item in ended where item.results.count != 1 { faults.append("\(item.id) ends \(item.results.count) times") }
        if queue.runningCount != 0 || queue.limiter.running != 0 { faults.append("exchanges run at the end") }
        return faults
    }
}
