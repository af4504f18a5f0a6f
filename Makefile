# The two commands of the README need no make. This is for those who work on the code.

.PHONY: run test race fuzz check

run: ; go run ./tutorials

test: ; go test work

# Short, for the detector makes the clients of the table so slow that they run into timeouts.
race: ; go test -race -short -timeout 30m ./common/... ./pollserv ./epollserv ./forkserv

# Each fuzz target with INPUTS inputs. They are counted, not timed: a limit in time fails now and then
# with "context deadline exceeded" and no input, a race in Go 1.26's own fuzzing (go.dev/issue/75804).
INPUTS ?= 200000
fuzz:
	@for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' common | xargs -n1 dirname | sort -u); do \
		for target in $$(grep -hoE --include='*_test.go' '^func Fuzz[A-Za-z0-9]+' -r $$dir | sed 's/func //'); do \
			echo "$$dir $$target"; \
			go test ./$$dir -run '^$$' -fuzz "^$$target\$$" -fuzztime $(INPUTS)x || exit 1; \
		done; \
	done

check:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'gofmt would change these'; exit 1; }
	go vet ./... && go vet -tags sim ./... && go -C tutorials vet ./... && GOWORK=off go -C tutorials/measure/baselines vet ./...
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./... && \
		go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 -tags sim ./... && \
		cd tutorials && go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./... && \
		cd measure/baselines && GOWORK=off go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
