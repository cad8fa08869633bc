import Support

// The authorization of requests that are about to be sent.

extension TransferLoop {
    /// Authorizes the request of an exchange that has left the queue, then sends it.
    ///
    /// An exchange whose authorization takes time keeps its place among the running ones, and counts as queued.
    func authorize(_ request: ExchangeRequest, of transfer: Transfer) {
        guard let provider = request.address.credentials else { return send(request, nil, of: transfer) }
        let outgoing = request.outgoing
        guard provider.takesTime, let authorizer else {
            return send(request, with: provider.authorization(for: outgoing), of: transfer)
        }
        lastOrder += 1
        transfer.authorizing = (request, lastOrder)
        let (identifier, order, mailbox) = (transfer.identifier, lastOrder, mailbox)
        authorizer.run {
            mailbox.post(.authorized(identifier, order: order, provider.authorization(for: outgoing)))
        }
    }

    /// An authorization was made, or the provider has none; it is of no use if the request was given up meanwhile.
    func authorizationArrived(_ authorization: Authorization?, order: UInt64, for transfer: Transfer) {
        guard let waiting = transfer.authorizing, waiting.order == order else { return }
        transfer.authorizing = nil
        send(waiting.request, with: authorization, of: transfer)
    }

    /// Sends a request that needs an authorization.
    private func send(_ request: ExchangeRequest, with authorization: Authorization?, of transfer: Transfer) {
        guard let authorization else {
            let now = SuspendingClock.now
            queue.finish(transfer.identifier, .unknown, now: now)
            return carryOut(transfer.machine.credentialIsMissing(now: now), for: transfer)
        }
        send(request, authorization, of: transfer)
    }
}
