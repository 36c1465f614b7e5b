package smtp

// LongAgo makes what was learned of the server as old as it may be.
func (p *Pool) LongAgo() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since, p.found = p.since.Add(-believed), p.found.Add(-believed)
}
