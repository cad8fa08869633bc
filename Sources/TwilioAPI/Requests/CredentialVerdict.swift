import Support

/// The outcome of the request for one resource of a list.
struct ListOutcome: Sendable {
    let account: SID
    let kind: MediaKind
    /// The failure; nil if the credentials reach the list.
    let error: TwilioError?
}

/// What the outcomes of a ``CredentialCheck`` mean together, as one sentence: a value without I/O.
struct CredentialVerdict {
    let outcomes: [ListOutcome]
    /// Whether the accounts are subaccounts, whose video has credentials of its own.
    let isOfSubaccounts: Bool
    /// The region, if it has no video.
    let regionWithoutVideo: String?

    /// The failure of the check; nil if the credentials reach every list.
    ///
    /// A refusal precedes other failures: no repetition changes it.
    var error: TwilioError? {
        let refused = refused
        guard let first = refused.first, let firstError = first.error else {
            return outcomes.lazy.compactMap(\.error).first
        }
        if !isOfSubaccounts, reached.isEmpty, failed(besides: refused).isEmpty {
            // Nobody knows these credentials. Of video alone that isn't certain: restricted keys don't reach it, and
            // some regions don't have it.
            if refused.allSatisfy({ $0.error?.status == 401 }), first.kind.isOfVoiceService { return firstError }
            if firstError.code == .notFound, first.kind.isOfVoiceService { return firstError }
            // The account's own settings are the reason, and the remedy is known.
            if firstError.remedy != nil, refused.allSatisfy({ $0.error?.remedy == firstError.remedy }) {
                return firstError
            }
        }
        let message =
            Self.joined(clauses(refused), by: ", and ") + reason(refused) + failures(besides: refused)
            + remedy(refused)
        return TwilioError(
            .listsRefused, message, twilioCode: firstError.twilioCode, status: firstError.status, cause: firstError)
    }

    // MARK: Refusals

    /// The outcomes that a repetition won't change.
    private var refused: [ListOutcome] {
        // Where a region has no video, the host of its video API need not exist either.
        let mayLackHost =
            regionWithoutVideo != nil && outcomes.allSatisfy { !$0.kind.isOfVoiceService || $0.error == nil }
        return outcomes.filter { outcome in
            guard let error = outcome.error else { return false }
            return error.isRefusal || mayLackHost && error.code == .unreachable && !outcome.kind.isOfVoiceService
        }
    }

    /// The outcomes that don't tell whether the credentials reach the list, as of an outage.
    private func failed(besides refused: [ListOutcome]) -> [ListOutcome] {
        outcomes.filter { outcome in
            outcome.error != nil && !refused.contains { $0.account == outcome.account && $0.kind == outcome.kind }
        }
    }

    /// The kinds whose lists are all reached.
    private var reached: [MediaKind] {
        MediaKind.allCases.filter { kind in
            let ofKind = outcomes.filter { $0.kind == kind }
            return !ofKind.isEmpty && ofKind.allSatisfy { $0.error == nil }
        }
    }

    /// Whether the region is a reason for some of the refusals.
    private func isForRegion(_ refused: [ListOutcome]) -> Bool {
        regionWithoutVideo != nil && refused.contains { !$0.kind.isOfVoiceService }
    }

    // MARK: The sentence

    /// A clause for each host and answer: which lists it refuses, and how.
    private func clauses(_ refused: [ListOutcome]) -> [String] {
        let accounts = Set(refused.map(\.account))
        // Of a thousand subaccounts one example is enough.
        let shown = refused.filter { $0.account == refused[0].account }
        var groups: [(answer: String, outcomes: [ListOutcome])] = []
        for outcome in shown {
            let answer = Self.answer(outcome)
            if let index = groups.firstIndex(where: { $0.answer == answer }) {
                groups[index].outcomes.append(outcome)
            } else {
                groups.append((answer, [outcome]))
            }
        }
        let clauses = groups.map { clause($0.outcomes) }
        let others = accounts.count - 1
        guard others > 0 else { return clauses }
        return clauses + ["lists of \(others) other \(others == 1 ? "subaccount" : "subaccounts") are refused as well"]
    }

    /// The host and the numbers of an answer, which outcomes in one clause have in common.
    private static func answer(_ outcome: ListOutcome) -> String {
        let details = outcome.error?.details
        return "\(details?.host ?? "") \(details?.user ?? "") \(details?.status ?? 0) \(details?.twilioCode ?? 0)"
    }

    private func clause(_ outcomes: [ListOutcome]) -> String {
        let kinds = Self.joined(outcomes.map(\.kind.pluralName), by: " and ")
        var lists = "the \(outcomes.count == 1 ? "list" : "lists") of \(kinds)"
        if isOfSubaccounts { lists += " of the subaccount \(outcomes[0].account)" }
        guard let error = outcomes[0].error, let status = error.status, let host = error.details.host else {
            let reason = outcomes[0].error?.message
                .replacing("the list of \(outcomes[0].kind.pluralName) could not be fetched: ", with: "")
            return "\(lists) could not be fetched (\(reason ?? ""))"
        }
        var numbers = error.twilioCode.map { "error \($0), status \(status)" } ?? "status \(status)"
        let reasons = Set(outcomes.map { $0.error?.details.reason ?? "" })
        if reasons.count == 1, let reason = reasons.first, !reason.isEmpty { numbers += ": \(reason)" }
        let user = error.details.user.map { " to \($0)" } ?? ""
        return "\(host) refuses \(lists)\(user) (\(numbers))"
    }

    private func reason(_ refused: [ListOutcome]) -> String {
        guard let regionWithoutVideo, isForRegion(refused) else { return "" }
        return "; the region \(regionWithoutVideo) has no video"
    }

    /// The first failure that is no refusal: whether the credentials reach its list isn't known.
    private func failures(besides refused: [ListOutcome]) -> String {
        guard let message = failed(besides: refused).first?.error?.message else { return "" }
        // Some are sentences of their own, which would end this one.
        return "; \(message.hasSuffix(".") ? String(message.dropLast()) : message)"
    }

    private func remedy(_ refused: [ListOutcome]) -> String {
        if isOfSubaccounts { return remedyOfSubaccounts(refused) }
        // A restricted key doesn't reach video, but another one may.
        let mayHaveOtherVideo = regionWithoutVideo == nil && !refused.contains { $0.kind.isOfVoiceService }
        guard reached.isEmpty else {
            let rest = "; give --kinds \(reached.map(\.commandLineName).joined(separator: ",")) to mount the rest"
            guard mayHaveOtherVideo, reached.allSatisfy(\.isOfVoiceService) else { return rest }
            return rest + ", or give other credentials for video with --video-credentials"
        }
        let others = mayHaveOtherVideo ? "give others for video with --video-credentials" : "give others"
        guard failed(besides: refused).isEmpty else { return "" }
        let fact = "; the credentials reach nothing that is to be shown"
        // Only other kinds help where a region has none of these.
        return isForRegion(refused) ? fact : "\(fact): allow them to list and read it, or \(others)"
    }

    private func remedyOfSubaccounts(_ refused: [ListOutcome]) -> String {
        let own =
            refused.contains { !$0.kind.isOfVoiceService }
            ? "correct the subaccount's line in the file of --subaccount-credentials or --video-credentials, or remove it,"
                + " or " : ""
        let rest =
            reached.isEmpty
            ? "mount without --subaccounts"
            : "give --kinds \(reached.map(\.commandLineName).joined(separator: ",")) to mount the rest"
        return "; \(own)\(rest)"
    }

    /// Enumerates texts, the last one after a conjunction.
    private static func joined(_ texts: [String], by conjunction: String) -> String {
        let start = texts.dropLast().joined(separator: ", ")
        return start.isEmpty ? texts.last ?? "" : "\(start)\(conjunction)\(texts.last ?? "")"
    }
}

extension MediaKind {
    /// Whether the 2010 API serves the list, with the account in its path.
    fileprivate var isOfVoiceService: Bool { traits.service == .api2010 }
}
