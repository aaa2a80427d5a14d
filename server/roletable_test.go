package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/elicense/elicense/api"
	"github.com/elicense/elicense/server"
	"github.com/elicense/elicense/server/identity"
)

// roleTable says who may call each operation: x may, . may not, * needs no credentials. The columns are those of everyRole.
const roleTable = `
                       system clerk reviewer window batch ca auditor supervisor holder agent operator
listLicenceTypes       x      x     x        x      x     x  x       x          x      x     x
getLicenceType         x      x     x        x      x     x  x       x          x      x     x
putLicenceType         x      x     .        .      .     .  .       .          .      .     .
issueLicence           x      x     .        .      .     .  .       .          .      .     .
reserveLicence         x      x     .        .      .     .  .       .          .      .     .
confirmReservation     x      x     .        .      .     .  .       .          .      .     .
cancelReservation      x      x     .        .      .     .  .       .          .      .     .
listReservations       x      x     .        .      .     .  .       .          .      .     .
issueBatch             x      x     .        .      .     .  .       .          .      .     .
changeLicence          x      x     .        .      .     .  .       .          .      .     .
renewLicence           x      x     .        .      .     .  .       .          .      .     .
reissueLicence         x      x     .        .      .     .  .       .          .      .     .
suspendLicence         x      x     .        .      .     .  .       .          .      .     .
resumeLicence          x      x     .        .      .     .  .       .          .      .     .
revokeLicence          x      x     .        .      .     .  .       .          .      .     .
getLicence             x      x     x        x      .     .  .       .          x      x     .
getHistory             x      x     x        x      .     .  .       .          x      x     .
getMoment              x      x     x        x      .     .  .       .          x      x     .
getDocument            x      x     x        x      .     .  .       .          x      x     .
attachDocument         x      x     .        .      .     .  .       .          .      .     .
getPage                x      x     x        x      .     .  .       .          x      x     .
makeCopy               x      x     x        x      .     .  .       .          x      x     .
getBundle              x      x     x        x      .     .  .       .          x      x     .
disclose               x      x     x        x      .     .  .       .          x      x     .
getProof               x      x     x        x      .     .  .       .          x      x     .
lookUp                 x      x     x        x      .     .  .       .          x      x     .
compare                x      x     x        x      .     .  .       .          .      .     .
compareMany            x      x     x        x      .     .  .       .          .      .     .
authorise              .      .     .        .      .     .  .       .          x      x     .
listAuthorisations     .      .     .        .      .     .  .       .          x      x     .
withdrawAuthorisation  .      .     .        .      .     .  .       .          x      x     .
getGrounds             x      x     x        x      x     x  x       x          x      x     x
listAccesses           .      .     .        .      .     .  .       .          x      x     .
cancelJob              x      x     x        x      x     .  .       .          x      x     x
certifyConformance     x      x     .        .      .     .  .       .          .      .     .
convert                x      .     .        .      x     .  .       .          .      .     .
deleteFile             x      x     x        x      x     .  .       .          x      x     x
getConversion          x      .     .        .      x     .  .       .          .      .     .
getFile                x      x     x        x      x     .  .       .          x      x     x
listFiles              x      x     x        x      x     .  .       .          x      x     x
getJob                 x      x     x        x      x     .  .       .          x      x     x
getSubscription        x      .     .        .      .     .  .       .          .      .     x
listConversions        x      .     .        .      x     .  .       .          .      .     x
sampleConversion       x      .     .        .      x     .  .       .          .      .     .
getSampledScan         x      .     .        .      x     .  .       .          .      .     .
declareComplete        x      x     .        .      .     .  .       .          .      .     x
listNumbers            x      x     .        .      .     .  .       .          .      .     .
listScans              x      x     x        x      .     .  .       .          x      x     .
getScan                x      x     x        x      .     .  .       .          x      x     .
listDeliveries         x      .     .        .      .     .  .       .          .      .     x
listEvents             x      .     .        .      .     .  .       .          .      .     x
listJobs               x      x     x        x      x     .  .       .          x      x     x
listSubscriptions      x      .     .        .      .     .  .       .          .      .     x
replaySubscription     x      .     .        .      .     .  .       .          .      .     x
resumeSubscription     x      .     .        .      .     .  .       .          .      .     x
signOffConversion      x      .     .        .      x     .  .       .          .      .     .
subscribe              x      .     .        .      .     .  .       .          .      .     x
undoConversion         x      .     .        .      x     .  .       .          .      .     .
unsubscribe            x      .     .        .      .     .  .       .          .      .     x
uploadFile             x      x     x        x      x     .  .       .          x      x     x
verify                 x      x     x        x      .     .  .       .          x      x     .
getVerification        x      x     x        x      .     .  .       .          x      x     .
rejudge                x      x     x        x      .     .  .       .          x      x     .
verifyDigests          x      x     x        x      .     .  .       .          x      x     .
transferLicence        x      .     .        .      .     .  .       .          .      .     .
importLicence          x      .     .        .      .     .  .       .          .      .     .
transferContent        x      .     .        .      .     .  .       .          .      .     .
importContent          x      .     .        .      .     .  .       .          .      .     .
checkReceipt           x      x     x        x      .     .  .       .          x      x     .
getQuality             x      x     .        .      .     .  .       x          .      .     x
raiseDispute           .      .     x        x      .     .  .       .          x      x     .
listDisputes           x      x     x        x      .     .  .       .          x      x     .
getDispute             x      x     x        x      .     .  .       .          x      x     .
settleDispute          x      x     .        .      .     .  .       .          .      .     .
getRegistration        .      .     .        .      .     .  .       .          .      .     x
listRegistrations      .      .     .        .      .     .  .       .          .      .     x
putRegistration        .      .     .        .      .     .  .       .          .      .     x
revokeRegistration     .      .     .        .      .     .  .       .          .      .     x
listCallers            .      .     .        .      .     .  .       .          .      .     x
putCaller              .      .     .        .      .     .  .       .          .      .     x
listCertificates       .      .     .        .      .     .  .       .          .      .     x
listSignedVersions     .      .     .        .      .     .  .       .          .      .     x
listAuditEntries       .      .     .        .      .     .  x       x          .      .     x
listAlarms             .      .     .        .      .     .  x       x          .      .     .
traceMessage           .      .     .        .      .     .  x       x          .      .     x
watch                  .      .     .        .      .     .  x       x          .      .     .
listSchemas            *      *     *        *      *     *  *       *          *      *     *
getSchema              *      *     *        *      *     *  *       *          *      *     *
checkMessage           x      x     x        x      x     x  x       x          x      x     x
challengeLogin         *      *     *        *      *     *  *       *          *      *     *
openLogin              *      *     *        *      *     *  *       *          *      *     *
endLogin               *      *     *        *      *     *  *       *          *      *     *
getTrust               *      *     *        *      *     *  *       *          *      *     *
getCheckpoint          *      *     *        *      *     *  *       *          *      *     *
getGrowth              *      *     *        *      *     *  *       *          *      *     *
getPublicState         *      *     *        *      *     *  *       *          *      *     *
verifyPublicly         *      *     *        *      *     *  *       *          *      *     *
`

// cells reads the table: who may, by operation and role.
func cells(t *testing.T) map[string]map[identity.Role]string {
	t.Helper()
	out := map[string]map[identity.Role]string{}
	for i, line := range strings.Split(strings.TrimSpace(roleTable), "\n") {
		fields := strings.Fields(line)
		if i == 0 {
			require.Len(t, fields, len(everyRole))
			continue
		}
		require.Len(t, fields, len(everyRole)+1, line)
		row := map[identity.Role]string{}
		for n, role := range everyRole {
			row[role] = fields[n+1]
		}
		require.Nil(t, out[fields[0]], "%s stands twice", fields[0])
		out[fields[0]] = row
	}
	return out
}

// TestRoles goes through the table of roles cell by cell, over every operation: a role that may not is refused before
// its request is looked at, and one that may never is for its role; without credentials nobody may but where everybody
// may. An operation that is not in the table is one that nobody thought about.
func TestRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	table := cells(t)
	for _, op := range w.server.Described() {
		row := table[op.ID]
		require.NotNil(t, row, "say in the table who may %s", op.ID)
		delete(table, op.ID)
		for _, role := range everyRole {
			code := problemCode(t, w.try(string(role)+"-of-all", op))
			if row[role] == "." {
				require.Equal(t, "role-forbids", code, "%s %s", role, op.ID)
			} else {
				require.NotEqual(t, "role-forbids", code, "%s %s", role, op.ID)
			}
		}
		code := problemCode(t, w.try("", op))
		if row[everyRole[0]] == "*" {
			require.NotEqual(t, "credentials-missing", code, op.ID)
		} else {
			require.Equal(t, "credentials-missing", code, op.ID)
		}
	}
	require.Empty(t, table, "operations that do not exist")
}

// try sends a request that no operation carries out.
func (w *world) try(key string, op server.Described) reply {
	path := strings.TrimPrefix(op.Path, api.Version)
	for strings.Contains(path, "{") {
		from, to := strings.Index(path, "{"), strings.Index(path, "}")
		path = path[:from] + "x" + path[to+1:]
	}
	return w.send(key, op.Method, path, nil)
}

func problemCode(t *testing.T, r reply) string {
	t.Helper()
	require.Less(t, r.status, http.StatusInternalServerError, "%s", r.body)
	if r.status < http.StatusBadRequest {
		return ""
	}
	return into[api.Problem](t, r).Code
}

// TestPermissionTable: no permission is without a role, none stands for a role that does not exist, and the zero role
// may nothing.
func TestPermissionTable(t *testing.T) {
	t.Parallel()
	for permission, who := range identity.Permissions() {
		require.NotEmpty(t, who, permission)
		for _, role := range who {
			require.Contains(t, everyRole, role)
		}
		require.False(t, (&identity.Caller{}).May(permission))
		require.False(t, (*identity.Caller)(nil).May(permission))
	}
}
