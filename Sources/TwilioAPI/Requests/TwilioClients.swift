/// The clients of an account and its subaccounts, selected by resource.
public struct TwilioClients: Sendable {
    /// The client of the account itself.
    public let main: TwilioClient

    private let subaccounts: [SID: TwilioClient]

    /// Combines clients.
    ///
    /// - Parameters:
    ///   - main: The account's client, also used for resources that name no account, or an unknown one.
    ///   - subaccounts: The subaccounts' clients.
    public init(main: TwilioClient, subaccounts: [TwilioClient] = []) {
        self.main = main
        self.subaccounts = Dictionary(subaccounts.map { ($0.account, $0) }) { $1 }
    }

    /// The client of a resource's account.
    public func client(for resource: MediaResource) -> TwilioClient {
        resource.accountSID.flatMap { subaccounts[$0] } ?? main
    }
}
