package identity

import "slices"

// Role is what somebody is in the house (角色).
type Role string

// The roles.
const (
	RoleDepartmentSystem Role = "department-system" // 部门业务系统
	RoleDepartmentClerk  Role = "department-clerk"  // 部门经办人
	RoleReviewer         Role = "reviewer"          // 审查人员
	RoleWindowClerk      Role = "window-clerk"      // 窗口人员
	RoleBatchOperator    Role = "batch-operator"    // 转换批次操作员
	RoleCAOperator       Role = "ca-operator"       // CA 操作员
	RoleAuditor          Role = "auditor"           // 审计人员
	RoleSupervisor       Role = "supervisor"        // 监察人员
	RoleHolder           Role = "holder"            // 持证主体
	RoleAgent            Role = "holder-agent"      // 持证主体的代理人
	RoleOperator         Role = "operator"          // 运行管理员
)

// Permission is one thing that the service lets somebody do.
type Permission string

// The permissions. Each operation of the interface needs exactly one.
const (
	Anyone         Permission = "anyone" // needs no credentials: what everybody may know
	MayReadTypes   Permission = "types.read"
	MayWriteTypes  Permission = "types.write"
	MayIssue       Permission = "licences.issue" // issue, reserve, confirm, cancel
	MayAct         Permission = "licences.act"   // change, renew, suspend, resume, revoke
	MayReadLicence Permission = "licences.read"  // one licence, its history, documents and proofs
	MayLookUp      Permission = "lookups"        //
	MayCompare     Permission = "comparisons"    //
	MayConvert     Permission = "batches"        // conversions
	MaySeeBatches  Permission = "batches.read"   // how far conversions are: one's own department's, or all
	MayDeclare     Permission = "types.complete" // declare the paper stock of a type converted
	MayConsent     Permission = "authorisations" // give and take back consent
	MaySeeAccesses Permission = "accesses.own"   // who looked at one's own licences
	MayVerify      Permission = "verifications"  //
	MayFollow      Permission = "events"         // feed and webhooks
	MaySeeQuality  Permission = "quality"        //
	MayAudit       Permission = "audit"          // alarms, and who is watched
	MayReadTrail   Permission = "audit.trail"    // the whole audit trail
	MayTrace       Permission = "messages"       // everything that belongs to a message
	MayOperate     Permission = "operation"      // registrations, health in detail
	MayReplicate   Permission = "replication"    // sync between vaults
	MayWork        Permission = "jobs"           // files and jobs of one's own
	MayDispute     Permission = "disputes.raise" // say that a licence is not right
	MaySettle      Permission = "disputes.settle"
	MaySeeDisputes Permission = "disputes.read" // those to settle, or one's own
)

// permissions is who may what. tests go through it cell by cell.
var permissions = map[Permission][]Role{
	MayReadTypes: {
		RoleDepartmentSystem, RoleDepartmentClerk, RoleReviewer, RoleWindowClerk, RoleBatchOperator, RoleCAOperator,
		RoleAuditor, RoleSupervisor, RoleHolder, RoleAgent, RoleOperator,
	},
	MayWriteTypes:  {RoleDepartmentSystem, RoleDepartmentClerk},
	MayIssue:       {RoleDepartmentSystem, RoleDepartmentClerk},
	MayAct:         {RoleDepartmentSystem, RoleDepartmentClerk},
	MayReadLicence: {RoleDepartmentSystem, RoleDepartmentClerk, RoleReviewer, RoleWindowClerk, RoleHolder, RoleAgent},
	MayLookUp:      {RoleDepartmentSystem, RoleDepartmentClerk, RoleReviewer, RoleWindowClerk, RoleHolder, RoleAgent},
	MayCompare:     {RoleDepartmentSystem, RoleDepartmentClerk, RoleReviewer, RoleWindowClerk},
	MayConvert:     {RoleDepartmentSystem, RoleBatchOperator},
	MaySeeBatches:  {RoleDepartmentSystem, RoleBatchOperator, RoleOperator},
	MayDeclare:     {RoleDepartmentSystem, RoleDepartmentClerk, RoleOperator},
	MayConsent:     {RoleHolder, RoleAgent},
	MaySeeAccesses: {RoleHolder, RoleAgent},
	MayVerify: {
		RoleDepartmentSystem, RoleDepartmentClerk, RoleReviewer, RoleWindowClerk, RoleHolder, RoleAgent,
	},
	MayFollow:     {RoleDepartmentSystem, RoleOperator},
	MaySeeQuality: {RoleDepartmentSystem, RoleDepartmentClerk, RoleSupervisor, RoleOperator},
	MayAudit:      {RoleAuditor, RoleSupervisor},
	MayReadTrail:  {RoleAuditor, RoleSupervisor, RoleOperator},
	MayTrace:      {RoleAuditor, RoleSupervisor, RoleOperator},
	MayOperate:    {RoleOperator},
	MayReplicate:  {RoleDepartmentSystem},
	MayWork: {
		RoleDepartmentSystem, RoleDepartmentClerk, RoleReviewer, RoleWindowClerk, RoleBatchOperator, RoleHolder,
		RoleAgent, RoleOperator,
	},
	MayDispute: {RoleReviewer, RoleWindowClerk, RoleHolder, RoleAgent},
	MaySettle:  {RoleDepartmentSystem, RoleDepartmentClerk},
	MaySeeDisputes: {
		RoleDepartmentSystem, RoleDepartmentClerk, RoleReviewer, RoleWindowClerk, RoleHolder, RoleAgent,
	},
}

// Permissions lists every permission with the roles that have it, for documents and tests. The map is a copy.
func Permissions() map[Permission][]Role {
	out := make(map[Permission][]Role, len(permissions))
	for p, roles := range permissions {
		out[p] = slices.Clone(roles)
	}
	return out
}

// May reports whether the caller has a permission.
func (c *Caller) May(p Permission) bool {
	return c != nil && slices.Contains(permissions[p], c.Role)
}

// Covers reports whether a licence type lies within what the caller may touch.
func (c *Caller) Covers(typeCode string) bool {
	return c != nil && (c.Types == nil || slices.Contains(c.Types, typeCode))
}

// IsHolder reports whether the caller is an applicant, or acts for one. Such a caller vouches for nobody.
func (c *Caller) IsHolder() bool { return c != nil && (c.Role == RoleHolder || c.Role == RoleAgent) }
