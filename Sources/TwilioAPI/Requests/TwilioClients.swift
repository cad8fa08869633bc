/// The clients of an account and of its subaccounts: which one a resource belongs to.
public struct TwilioClients: Sendable {
    /// The client of the account itself.
    public let main: TwilioClient

    private let subaccounts: [SID: TwilioClient]

    /// Puts clients together.
    ///
    /// - Parameters:
    ///   - main: that of the account itself, also for resources that don't tell to which account they belong.
    ///   - subaccounts: those of the subaccounts whose resources there may be.
    public init(main: TwilioClient, subaccounts: [TwilioClient] = []) {
        self.main = main
        self.subaccounts = Dictionary(subaccounts.map { ($0.account, $0) }) { $1 }
    }

    /// The client of the account to which a resource belongs.
    public func client(for resource: MediaResource) -> TwilioClient {
        resource.accountSID.flatMap { subaccounts[$0] } ?? main
    }
}
