// The globals of Cypress and Mocha that the README uses.
declare const cy: any;
declare function it(name: string, body: () => void): void;
declare function beforeEach(body: () => unknown): void;
declare function afterEach(body: (this: any) => unknown): void;
